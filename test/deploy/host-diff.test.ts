import * as assert from "uvu/assert";
import { deploy, hostDiff, upgrade } from "../../src/deploy/index.ts";
import { unmet } from "../support/needs.ts";
import { suite } from "../support/suite.ts";
import { bootedLine, codeOf, type Files, type Host, makeHost } from "./host-fixture.ts";

const test = suite("deploy/host-diff", unmet({ root: true }));

async function onHost(work: (host: Host) => Promise<void>): Promise<void> {
  const host = await makeHost();
  try {
    await work(host);
  } finally {
    host.remove();
  }
}

function dpkg(packages: Record<string, string>): Files {
  const paragraphs = Object.entries(packages).map(
    ([name, version]) => `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: ${version}\n`,
  );
  return { "usr/lib/sysimage/dpkg/status": paragraphs.join("\n") };
}

test("compares what an upgrade changed: files, packages, kernel arguments", () =>
  onHost(async (host) => {
    const first = await host.commit("1", { ...dpkg({ bash: "5.1", gone: "1" }), "usr/bin/gone": "x" });
    await deploy(host.sysroot, { spec: "os/stable", kargs: { append: ["quiet"] } });
    assert.is(await codeOf(() => hostDiff(host.sysroot)), "conflict");
    const second = await host.commit("2", {
      ...dpkg({ bash: "5.2", new: "3" }),
      "usr/bin/new": "y",
      "usr/lib/bootc/kargs.d/1.toml": 'kargs = ["rw"]\n',
    });
    await upgrade(host.sysroot);

    const { from, to, files, packages, kargs, notes } = hostDiff(host.sysroot);
    assert.equal([from.commit, from.version, to.commit, to.version], [first, "1", second, "2"]);
    const changed = files.filter(({ kind }) => kind !== "metadata").map(({ kind, path }) => `${kind} ${path}`);
    assert.equal(changed, [
      "removed /usr/bin/gone",
      "added /usr/bin/new",
      "modified /usr/bin/tool",
      "modified /usr/etc/motd",
      "added /usr/lib/bootc",
      "added /usr/lib/bootc/kargs.d",
      "added /usr/lib/bootc/kargs.d/1.toml",
      "modified /usr/lib/modules/6.1.0-test/initramfs.img",
      "modified /usr/lib/os-release",
      "modified /usr/lib/sysimage/dpkg/status",
    ]);
    assert.equal(packages, [
      { name: "bash", change: "upgraded", before: "5.1", after: "5.2" },
      { name: "gone", change: "removed", before: "1", after: null },
      { name: "new", change: "added", before: null, after: "3" },
    ]);
    assert.equal([kargs, notes], [{ added: ["rw"], removed: [] }, []]);
  }));

test("takes indexes, ids, refs and commits; by default what boots next against the booted one", () =>
  onHost(async (host) => {
    await host.commit("1");
    await deploy(host.sysroot, { spec: "os/stable" });
    await host.commit("2");
    await upgrade(host.sysroot);
    const beta = await host.commit("3", {}, "os/beta");
    const versions = (from?: string, to?: string, commandLine?: string) => {
      const options = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
      const diff = hostDiff(host.sysroot, { ...options, ...(commandLine === undefined ? {} : { commandLine }) });
      return [diff.from.version, diff.to.version];
    };
    assert.equal(versions("0", "1"), ["2", "1"]);
    assert.equal(versions("1", "os/beta"), ["1", "3"]);
    assert.equal(versions(beta.slice(0, 8)), ["3", "2"]);
    assert.equal(versions(undefined, undefined, bootedLine(host.sysroot, 1)), ["1", "2"]);
    assert.is(await codeOf(() => hostDiff(host.sysroot, { from: "absent" })), "not-found");
  }));

const withoutRpm = unmet({ programs: ["rpm"] });
test.skipUnless(withoutRpm !== undefined, "needs a machine without rpm")(
  "says why it cannot read an rpm database",
  () =>
    onHost(async (host) => {
      await host.commit("1", { "usr/lib/sysimage/rpm/rpmdb.sqlite": "SQLite format 3" });
      const commit = await host.commit("2");
      const { packages, notes } = hostDiff(host.sysroot, { from: `${commit}^`, to: commit });
      assert.equal([packages, notes], [[], ["rpm database present, rpm program missing"]]);
    }),
);
