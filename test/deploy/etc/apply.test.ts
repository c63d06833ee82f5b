import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { fromText } from "../../../src/bytes.ts";
import { deploy, type Sysroot, upgrade } from "../../../src/deploy/index.ts";
import { closeEtc, openEtc, readEtcFile } from "../../../src/deploy/etc/live.ts";
import { AT_FDCWD, listXattrs, setXattr, statAt } from "../../../src/linux/index.ts";
import { unmet } from "../../support/needs.ts";
import { suite } from "../../support/suite.ts";
import { tempDir } from "../../support/temp.ts";
import { codeOf, etcOf, type Files, type Host, makeHost } from "../host-fixture.ts";

const test = suite("deploy/etc/apply", unmet({ root: true }));

/** Deploys, lets `edit` change the live `/etc`, upgrades to a tree with `files` (after `prepare`), and looks at the result. */
async function merged(
  { first = {}, edit, next = {} }: { first?: Files; edit: (etc: string, host: Host) => void; next?: Files },
  look: (etc: string, sysroot: Sysroot) => void,
): Promise<void> {
  const host = await makeHost();
  try {
    await host.commit("1", first);
    await deploy(host.sysroot, { spec: "os/stable" });
    edit(etcOf(host.sysroot), host);
    await host.commit("2", next);
    await upgrade(host.sysroot);
    look(etcOf(host.sysroot), host.sysroot);
  } finally {
    host.remove();
  }
}

test("carries files, owners, modes, xattrs, times, symlinks, devices and fifos over", () =>
  merged(
    {
      edit(etc) {
        mkdirSync(join(etc, "own/deep"), { recursive: true, mode: 0o750 });
        writeFileSync(join(etc, "own/deep/file"), "x\n");
        chownSync(join(etc, "own/deep/file"), 12, 34);
        chmodSync(join(etc, "own/deep/file"), 0o4711);
        setXattr(join(etc, "own/deep/file"), { name: fromText("user.note"), value: fromText("y") });
        symlinkSync("../nowhere", join(etc, "own/link"));
        execFileSync("mknod", [join(etc, "own/null"), "c", "1", "3"]);
        execFileSync("mkfifo", [join(etc, "own/fifo")]);
      },
    },
    (etc) => {
      const file = join(etc, "own/deep/file");
      const { mode, uid, gid } = lstatSync(file);
      assert.equal([mode & 0o7777, uid, gid, readFileSync(file, "utf8")], [0o4711, 12, 34, "x\n"]);
      assert.equal(
        listXattrs(file)
          .filter(({ name }) => name === "user.note")
          .map(({ value }) => value as string),
        ["y"],
      );
      assert.is(readlinkSync(join(etc, "own/link")), "../nowhere");
      assert.is(statAt(AT_FDCWD, join(etc, "own/null")).rdev, 0x103);
      assert.ok(lstatSync(join(etc, "own/fifo")).isFIFO());
      assert.is(lstatSync(join(etc, "own")).mode & 0o7777, 0o750);
    },
  ));

test("merges lines, and keeps our mode with their content", () =>
  merged(
    {
      edit(etc) {
        writeFileSync(join(etc, "app/app.conf"), "one\n2\n3\n4\n5\n");
        chmodSync(join(etc, "motd"), 0o600);
      },
      next: { "usr/etc/app/app.conf": "1\n2\n3\n4\nfive\n" },
    },
    (etc) => {
      assert.is(readFileSync(join(etc, "app/app.conf"), "utf8"), "one\n2\n3\n4\nfive\n");
      assert.is(readFileSync(join(etc, "motd"), "utf8"), "welcome to 2\n");
      assert.is(lstatSync(join(etc, "motd")).mode & 0o7777, 0o600);
    },
  ));

test("changes one of several hard links of the new version without the others", async () => {
  const host = await makeHost();
  try {
    await host.commit("1");
    await deploy(host.sysroot, { spec: "os/stable" });
    chmodSync(join(etcOf(host.sysroot), "motd"), 0o600);
    await host.commit("2");
    const tree = join(host.base, "tree-2/usr/etc");
    linkSync(join(tree, "motd"), join(tree, "motd.link"));
    const { commitTree, parseRefName } = await import("../../../src/ostree/index.ts");
    await commitTree(host.sysroot.repo, { tree: join(host.base, "tree-2"), ref: parseRefName("os/stable") });
    await upgrade(host.sysroot);
    const etc = etcOf(host.sysroot);
    assert.is(lstatSync(join(etc, "motd")).mode & 0o7777, 0o600);
    assert.is(lstatSync(join(etc, "motd.link")).mode & 0o7777, 0o644);
    assert.is(readFileSync(join(etc, "motd.link"), "utf8"), "welcome to 2\n");
  } finally {
    host.remove();
  }
});

test("writes nothing through a symlink that the new version put in the place of a directory", async () => {
  const outside = tempDir();
  await merged(
    {
      edit: (etc) => writeFileSync(join(etc, "app/app.conf"), "mine\n"),
      next: { "usr/etc/app/app.conf": "", "usr/etc/app/link": "", "usr/etc/elsewhere": `-> ${outside}` },
    },
    () => undefined,
  );
  assert.equal(readdirSync(outside), []);
  const host = await makeHost();
  try {
    await host.commit("1");
    await deploy(host.sysroot, { spec: "os/stable" });
    writeFileSync(join(etcOf(host.sysroot), "app/app.conf"), "mine\n");
    await host.commit("2");
    const tree = join(host.base, "tree-2");
    rmSync(join(tree, "usr/etc/app"), { recursive: true });
    symlinkSync(outside, join(tree, "usr/etc/app"));
    const { commitTree, parseRefName } = await import("../../../src/ostree/index.ts");
    await commitTree(host.sysroot.repo, { tree, ref: parseRefName("os/stable") });
    await upgrade(host.sysroot);
    const etc = etcOf(host.sysroot);
    assert.is(readFileSync(join(etc, "app/app.conf"), "utf8"), "mine\n");
    assert.is(readlinkSync(join(etc, "app.atomic-new")), outside);
    assert.equal(readdirSync(outside), []);
  } finally {
    host.remove();
  }
});

test("leaves sockets and systemd's note of the last update behind", () =>
  merged(
    {
      edit(etc) {
        writeFileSync(join(etc, ".updated"), "");
        execFileSync(process.execPath, [
          "-e",
          `require("net").createServer().listen(${JSON.stringify(join(etc, "socket"))}, () => process.exit())`,
        ]);
      },
    },
    (etc) => assert.equal(readdirSync(etc).sort(), ["app", "hostname", "motd"]),
  ));

test("reads the live /etc without following symlinks", async () => {
  const base = tempDir();
  mkdirSync(join(base, "etc"));
  writeFileSync(join(base, "secret"), "secret\n");
  writeFileSync(join(base, "etc/file"), "x\n");
  const live = openEtc(join(base, "etc"));
  try {
    rmSync(join(base, "etc/file"));
    symlinkSync("../secret", join(base, "etc/file"));
    assert.is(await codeOf(() => readEtcFile(live, fromText("file"), 100)), "invalid");
    assert.is(await codeOf(() => readEtcFile(live, fromText("../secret"), 100)), "invalid");
    rmSync(join(base, "etc/file"));
    execFileSync("mkfifo", [join(base, "etc/file")]);
    assert.is(await codeOf(() => readEtcFile(live, fromText("file"), 100)), "conflict");
  } finally {
    closeEtc(live);
  }
  symlinkSync("etc", join(base, "link"));
  assert.is.not(await codeOf(() => openEtc(join(base, "link"))), "none");
});
