import { chmodSync, chownSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import {
  deploy,
  etcDiff,
  etcLog,
  hostEtcReport,
  restoreEtc,
  type Sysroot,
  upgrade,
} from "../../../src/deploy/index.ts";
import { run } from "../../../src/spawn.ts";
import { unmet } from "../../support/needs.ts";
import { suite } from "../../support/suite.ts";
import { codeOf, etcOf, type Host, makeHost } from "../host-fixture.ts";

const test = suite("deploy/etc/history", unmet({ root: true, programs: ["git"] }));
const git = (sysroot: Sysroot, ...args: string[]): string =>
  run(["git", "--git-dir", join(sysroot.path, "atomic/deploy/default/etc.git"), ...args]).stdout.toString("utf8");

/** A host whose `/etc` was changed by `edit` before an upgrade that changes `motd`. */
async function onUpgraded(
  edit: (etc: string) => void,
  work: (sysroot: Sysroot, host: Host) => Promise<void>,
): Promise<void> {
  const host = await makeHost();
  try {
    await host.commit("1");
    await deploy(host.sysroot, { spec: "os/stable" });
    edit(etcOf(host.sysroot));
    await host.commit("2");
    await upgrade(host.sysroot);
    await work(host.sysroot, host);
  } finally {
    host.remove();
  }
}

test("holds /etc before and after a merge, for git to read", () =>
  onUpgraded(
    (etc) => {
      writeFileSync(join(etc, "app/app.conf"), "one\n2\n3\n4\n5\n");
      writeFileSync(join(etc, "run me"), "#!/bin/sh\n", { mode: 0o755 });
      symlinkSync("/srv/x", join(etc, "out"));
    },
    async (sysroot) => {
      assert.is(git(sysroot, "fsck", "--full", "--strict").trim(), "");
      const snapshots = await etcLog(sysroot);
      assert.equal(
        snapshots.map(({ subject }) => subject.replace(/[0-9a-f]{12}/g, "ID")),
        ["ID.0, merged from ID.0", "ID.0 before it is merged into ID.0"],
      );
      assert.equal(
        git(sysroot, "rev-list", "main").split("\n").slice(0, 2),
        snapshots.map(({ rev }) => rev),
      );
      const modes = git(sysroot, "ls-tree", "-r", "main")
        .split("\n")
        .map((line) => line.replace(/ blob [0-9a-f]+\t/, " "));
      assert.equal(modes, [
        "100644 .atomic-meta.json",
        "100644 app/app.conf",
        "120000 app/link",
        "100644 hostname",
        "100644 motd",
        "120000 out",
        "100755 run me",
        "",
      ]);
      assert.is(git(sysroot, "show", "main:motd"), "welcome to 2\n");
      assert.is(git(sysroot, "show", "main~1:motd"), "welcome to 1\n");
      assert.is(git(sysroot, "show", "main:app/app.conf"), "one\n2\n3\n4\n5\n");
      assert.is(statSync(join(sysroot.path, "atomic/deploy/default/etc.git")).mode & 0o7777, 0o700);
    },
  ));

test("holds names and metadata that git cannot", () =>
  onUpgraded(
    (etc) => {
      writeFileSync(join(etc, "dev-disk\\x2d1.swap"), "x\n");
      writeFileSync(Buffer.concat([Buffer.from(join(etc, "raw-")), Buffer.from([0xff])]), "raw\n");
      mkdirSync(join(etc, ".git"));
      writeFileSync(join(etc, ".git/config"), "theirs\n");
      mkdirSync(join(etc, "empty"), { mode: 0o700 });
      writeFileSync(join(etc, "shadow"), "root:*:\n");
      chmodSync(join(etc, "shadow"), 0o640);
      chownSync(join(etc, "shadow"), 0, 42);
    },
    async (sysroot) => {
      assert.is(git(sysroot, "fsck", "--full", "--strict").trim(), "");
      const names = git(sysroot, "ls-tree", "-r", "--name-only", "main").split("\n");
      for (const name of ["%2Egit/config", "dev-disk%5Cx2d1.swap", "raw-%FF"]) assert.ok(names.includes(name), name);
      const meta = JSON.parse(git(sysroot, "show", "main:.atomic-meta.json")) as Record<string, unknown>;
      assert.equal(meta["shadow"], { kind: "file", mode: "0640", uid: 0, gid: 42 });
      assert.equal(meta["empty"], { kind: "directory", mode: "0700", uid: 0, gid: 0 });
      await restoreEtc(sysroot, { path: "dev-disk\\x2d1.swap" });
      rmSync(join(etcOf(sysroot), "shadow"));
      await restoreEtc(sysroot, { path: "/etc/shadow" });
      const { mode, gid } = statSync(join(etcOf(sysroot), "shadow"));
      assert.equal([mode & 0o7777, gid], [0o640, 42]);
    },
  ));

test("adds one snapshot for each merge while nothing else changes", () =>
  onUpgraded(
    () => undefined,
    async (sysroot, host) => {
      await host.commit("3");
      await upgrade(sysroot);
      assert.is((await etcLog(sysroot)).length, 3);
      assert.is((await etcLog(sysroot, { limit: 1 })).length, 1);
      assert.is(git(sysroot, "fsck", "--full", "--strict").trim(), "");
    },
  ));

test("survives the loss of its cache", () =>
  onUpgraded(
    () => undefined,
    async (sysroot, host) => {
      writeFileSync(join(sysroot.path, "atomic/deploy/default/etc.git/atomic-objects.json"), "{");
      await host.commit("3");
      await upgrade(sysroot);
      assert.is(git(sysroot, "fsck", "--full", "--strict").trim(), "");
    },
  ));

test("gives a file back from the image, from the newest and from an older snapshot", () =>
  onUpgraded(
    (etc) => writeFileSync(join(etc, "motd"), "mine\n"),
    async (sysroot) => {
      const motd = join(etcOf(sysroot), "motd");
      const [newest, older] = await etcLog(sysroot);
      writeFileSync(motd, "spoiled\n");
      assert.equal(await restoreEtc(sysroot, { path: "/etc/motd", from: "pristine" }), {
        path: "/etc/motd",
        from: "pristine",
      });
      assert.is(readFileSync(motd, "utf8"), "welcome to 2\n");
      assert.is(git(sysroot, "show", "main:motd"), "spoiled\n", "what was there is kept");
      await restoreEtc(sysroot, { path: "motd", from: newest!.rev });
      assert.is(readFileSync(motd, "utf8"), "mine\n");
      await restoreEtc(sysroot, { path: "motd", from: older!.rev.slice(0, 10) });
      assert.is(readFileSync(motd, "utf8"), "mine\n");
    },
  ));

test("refuses to restore what is no file, is nowhere or lies behind a symlink", () =>
  onUpgraded(
    () => undefined,
    async (sysroot) => {
      const restore = (path: string, from?: string) =>
        codeOf(() => restoreEtc(sysroot, { path, ...(from === undefined ? {} : { from }) }));
      for (const path of ["..", "/etc/../x", "a//b", "", "/etc/", "./a"]) assert.is(await restore(path), "usage", path);
      for (const from of ["pristine", undefined]) {
        assert.is(await restore("absent", from), "not-found");
        assert.is(await restore("app/absent", from), "not-found");
        assert.is(await restore("hostname/below", from), "not-found");
        assert.is(await restore("app", from), "invalid");
      }
      assert.is(await restore("motd", "ffffffff"), "not-found");
      const etc = etcOf(sysroot);
      rmSync(join(etc, "app"), { recursive: true });
      symlinkSync("/tmp", join(etc, "app"));
      assert.is(await restore("app/app.conf", "pristine"), "invalid");
      rmSync(join(etc, "hostname"));
      mkdirSync(join(etc, "hostname"));
      assert.is(await restore("hostname", "pristine"), "invalid");
    },
  ));

test("shows how the live /etc differs from the image", () =>
  onUpgraded(
    (etc) => {
      writeFileSync(join(etc, "motd"), "mine\n");
      chmodSync(join(etc, "hostname"), 0o600);
      rmSync(join(etc, "app/link"));
      writeFileSync(join(etc, "binary"), Buffer.from([0, 1, 2]));
    },
    async (sysroot) => {
      assert.equal(etcDiff(sysroot), [
        { path: "/etc/app/link", kind: "removed" },
        { path: "/etc/binary", kind: "added" },
        { path: "/etc/hostname", kind: "metadata", metadata: ["mode 0644 → 0600"] },
        {
          path: "/etc/motd",
          kind: "modified",
          diff: "--- a/usr/etc/motd\n+++ b/etc/motd\n@@ -1 +1 @@\n-welcome to 2\n+mine\n",
        },
        {
          path: "/etc/motd.atomic-new",
          kind: "added",
          diff: "--- /dev/null\n+++ b/etc/motd.atomic-new\n@@ -0,0 +1 @@\n+welcome to 2\n",
        },
      ]);
      assert.equal(
        hostEtcReport(sysroot)?.paths.map(({ path, verdict }) => `${verdict} ${path}`),
        ["keep-local /etc/app/link", "keep-local /etc/binary", "keep-local /etc/hostname", "conflict /etc/motd"],
      );
      assert.is(hostEtcReport(sysroot, { target: "1" }), undefined);
    },
  ));
