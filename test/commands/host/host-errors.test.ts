/** What can go wrong with a host, as one clear line each. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { mount, MS_RDONLY, MS_REMOUNT, umount } from "../../../src/linux/index.ts";
import { withFileLock } from "../../../src/ostree/index.ts";
import { type Host, makeHost } from "../../deploy/host-fixture.ts";
import { cli, type CliResult } from "../../support/cli.ts";
import { unmet } from "../../support/needs.ts";
import { suite } from "../../support/suite.ts";
import { tempDir } from "../../support/temp.ts";

const test = suite("commands/host/errors", unmet({ root: true }));
const needsMounts = unmet({ mounts: true });
const onTmpfs = test.skipUnless(needsMounts === undefined, needsMounts ?? "");

let host: Host;
const atomic = (...argv: string[]): CliResult =>
  cli(argv, { ATOMIC_SYSROOT: host.sysroot.path, ATOMIC_LOCK_PATIENCE: "0" });

test.before(async () => {
  host = await makeHost();
  await host.commit("1.0");
});
test.after(() => host.remove());

test("a second writer is told who holds the lock", async () => {
  const { path } = host.sysroot;
  const lock = join(path, "atomic/lock");
  const result = await withFileLock(lock, () => atomic("host", "deploy", "os/stable"));
  assert.is(result.status, 1);
  assert.match(
    result.stderr,
    new RegExp(`^error: locking ${lock}: held by process ${process.pid}.*\nhint: ps -fp ${process.pid}\n$`),
  );
});

test("a newer format is refused, not guessed at", () => {
  const path = join(tempDir(), "newer");
  mkdirSync(join(path, "atomic"), { recursive: true });
  writeFileSync(join(path, "atomic/format.json"), `{"version":9,"incompatible":[],"readOnlyCompatible":[]}`);
  const { status, stderr } = cli(["host", "status", "--sysroot", path]);
  assert.is(status, 1);
  assert.is(
    stderr,
    `error: opening ${path}: a newer atomic wrote it: expected format version 1, found version 9\nhint: atomic --version\n`,
  );
});

/** Runs `work` on a sysroot that fills a small tmpfs of its own. */
function onSmallDisk(size: string, work: (sysroot: string) => void): void {
  const path = tempDir();
  mount({ source: "tmpfs", target: path, type: "tmpfs", data: `size=${size},mode=0755` });
  try {
    assert.is(cli(["host", "init", "--sysroot", path]).status, 0);
    work(path);
  } finally {
    umount(path);
  }
}

onTmpfs("a full disk is noticed before anything is written", () => {
  onSmallDisk("300k", (path) => {
    const { status, stderr } = cli(["host", "deploy", "os/stable", "--from", host.sysroot.path, "--sysroot", path]);
    assert.is(status, 1);
    assert.match(
      stderr,
      /^error: writing to .*: expected \d+ bytes \(.*\) free, found \d+ bytes \(.*\)\nhint: atomic host cleanup\n$/,
    );
  });
});

onTmpfs("a read-only sysroot is named as such", () => {
  onSmallDisk("10m", (path) => {
    mount({ source: "tmpfs", target: path, type: "tmpfs", flags: MS_REMOUNT | MS_RDONLY });
    const { status, stderr } = cli(["host", "deploy", "os/stable", "--from", host.sysroot.path, "--sysroot", path]);
    assert.is(status, 1);
    assert.is(
      stderr,
      `error: writing to ${path}: its filesystem is mounted read-only\nhint: mount -o remount,rw ${path}\n`,
    );
    assert.is(cli(["host", "status", "--sysroot", path]).status, 0);
  });
});

onTmpfs("mount shows a deployment as it would boot, and unmount takes it away", () => {
  assert.is(atomic("host", "deploy", "os/stable").status, 0);
  const at = tempDir();
  const mounted = atomic("host", "mount", at);
  assert.match(mounted.stdout, new RegExp(`^mounted [0-9a-f]{12} on ${at}\n$`), mounted.stderr);
  assert.is(cli(["host", "mount", "0", at, "--sysroot", host.sysroot.path]).status, 1);
  assert.equal(atomic("host", "unmount", at), { status: 0, stdout: `unmounted ${at}\n`, stderr: "" });
  assert.is(atomic("host", "unmount", at).status, 1);
});
