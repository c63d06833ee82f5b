/** Disks made from small trees, looked at by the programs that check disks. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { bootloaderOf, settleBootloader } from "../../../src/bootloader/index.ts";
import {
  type DiskOptions,
  type DiskResult,
  hostStatus,
  installToDisk,
  openSysroot,
  verifyHost,
} from "../../../src/deploy/index.ts";
import { createDurable } from "../../../src/durable.ts";
import { isAtomicError } from "../../../src/errors.ts";
import { noProgress } from "../../../src/progress.ts";
import { unmet } from "../../support/needs.ts";
import { suite } from "../../support/suite.ts";
import { tempDir } from "../../support/temp.ts";
import { codeOf, type Host, KERNEL, makeHost } from "../host-fixture.ts";

const PROGRAMS = ["sfdisk", "mkfs.vfat", "mcopy", "mke2fs", "wipefs"];
const CHECKERS = ["sgdisk", "fsck.vfat", "e2fsck", "debugfs"];
const test = suite("deploy/install/install-to-disk", unmet({ root: true, programs: [...PROGRAMS, ...CHECKERS] }));
const MIB = 1024 ** 2;
const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA you@example.org\n";
const LOADER = "usr/lib/systemd/boot/efi/systemd-bootx64.efi";
const disk = createDurable();

let host: Host;
let base: string;
test.before(async () => {
  base = tempDir();
  host = await makeHost();
  await host.commit("1", { [LOADER]: "the image's systemd-boot" });
});
test.after(() => host.remove());

const options = (name: string, more: Partial<DiskOptions> = {}): DiskOptions => ({
  target: join(base, name),
  spec: "os/stable",
  from: host.sysroot.path,
  bootloader: "systemd-boot",
  size: 200 * MIB,
  espSize: 64 * MIB,
  confirm: () => false,
  disk,
  progress: noProgress,
  ...more,
});

const run = (program: string, ...args: string[]): string =>
  execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

/** Takes a disk apart into two directories, after every checker has had its say. */
function takeApart(path: string): { root: string; boot: string } {
  assert.match(run("sgdisk", "--verify", path), "No problems found");
  const esp = join(base, "esp.img");
  run("dd", `if=${path}`, `of=${esp}`, "bs=1M", "skip=1", "count=64", "conv=sparse", "status=none");
  run("fsck.vfat", "-n", esp);
  const filesystem = `${path}?offset=${65 * MIB}`;
  run("e2fsck", "-fn", filesystem);
  assert.match(run("debugfs", "-R", "features", filesystem), "verity");

  const directory = tempDir();
  const [root, boot] = [join(directory, "root"), join(directory, "root/boot")];
  mkdirSync(root);
  run("debugfs", "-R", `rdump / ${root}`, filesystem);
  assert.not.ok(existsSync(boot));
  mkdirSync(boot);
  run("mcopy", "-s", "-n", "-i", esp, "::/*", boot);
  rmSync(esp);
  return { root, boot };
}

function checkHost(result: DiskResult, { root, boot }: { root: string; boot: string }): void {
  const sysroot = { ...openSysroot(root, disk), boot, bootPrefix: "" };
  const [deployment, ...others] = hostStatus(sysroot).deployments;
  assert.equal(others, []);
  assert.is(deployment?.id, result.id);
  assert.is(deployment?.origin, "os/stable");
  const { deployments, defects } = verifyHost(sysroot);
  assert.equal({ deployments, defects }, { deployments: 1, defects: [] });
  const etc = join(root, "atomic/deploy/default/deploy", result.id, "etc");
  assert.match(readFileSync(join(etc, "fstab"), "utf8"), `UUID=${result.espUuid} /boot vfat `);
}

test("a disk with systemd-boot passes every check and holds the host", async () => {
  const result = await installToDisk(options("sd.raw", { kargs: ["console=ttyS0"], rootSshKey: KEY }));
  assert.is(statSync(join(base, "sd.raw")).size, 200 * MIB);
  const parts = takeApart(join(base, "sd.raw"));
  checkHost(result, parts);
  const read = (path: string): string => readFileSync(join(parts.boot, path), "utf8");
  assert.is(read("EFI/BOOT/BOOTX64.EFI"), "the image's systemd-boot");
  const [entry, ...others] = readdirSync(join(parts.boot, "loader/entries"));
  assert.equal(others, []);
  assert.match(entry!, /^atomic-1-default-[0-9a-f]{64}\.0\+3-0\.conf$/);
  const text = read(`loader/entries/${entry}`);
  assert.match(text, `root=UUID=${result.rootUuid} console=ttyS0 atomic.image=`);
  assert.match(text, ` atomic=default/${result.id}\n`);
  assert.match(text, /\nlinux \/atomic\/default-[0-9a-f]{64}\/vmlinuz\n/);
  const [kernels] = readdirSync(join(parts.boot, "atomic"));
  assert.is(read(`atomic/${kernels}/vmlinuz`), "kernel of all versions\n");
  assert.equal(readdirSync(base), ["sd.raw"]);
});

const grubTest = test.needs({ programs: ["grub-mkimage"], files: ["/usr/lib/grub/x86_64-efi/kernel.img"] });
grubTest("a disk with GRUB passes every check and holds the host", async () => {
  const result = await installToDisk(options("grub.raw", { bootloader: "grub" }));
  const parts = takeApart(join(base, "grub.raw"));
  checkHost(result, parts);
  assert.ok(bootloaderOf("grub").isInstalled(parts.boot));
  const menu = readFileSync(join(parts.boot, "grub/menu-a.cfg"), "utf8");
  assert.match(menu, `'root=UUID=${result.rootUuid}' 'atomic.image=`);
  assert.match(menu, ` 'atomic=default/${result.id}'`);
  settleBootloader(disk, parts.boot);
  assert.is(readFileSync(join(parts.boot, "grub/menu-a.cfg"), "utf8"), menu);
});

test.needs({ programs: ["qemu-img"] })("qcow2 holds the same disk", async () => {
  const result = await installToDisk(options("host.qcow2", { format: "qcow2" }));
  const path = join(base, "host.qcow2");
  run("qemu-img", "check", path);
  run("qemu-img", "convert", "-O", "raw", path, join(base, "back.raw"));
  checkHost(result, takeApart(join(base, "back.raw")));
});

test("an own root= takes the place of ours", async () => {
  const result = await installToDisk(options("own.raw", { kargs: ["root=LABEL=atomic"] }));
  assert.equal(result.kargs, ["root=LABEL=atomic"]);
});

test("a file that exists is overwritten only when wanted", async () => {
  const path = join(base, "present.raw");
  writeFileSync(path, "precious");
  assert.is(await codeOf(() => installToDisk(options("present.raw"))), "conflict");
  assert.is(readFileSync(path, "utf8"), "precious");
  const asked: string[] = [];
  const confirm = (what: string): boolean => asked.push(what) > 0;
  await installToDisk(options("present.raw", { confirm }));
  assert.equal(asked, [`${path} (8 B)`]);
  assert.is(statSync(path).size, 200 * MIB);
});

for (const [what, code, more] of [
  ["a disk that is too small", "no-space", { size: 100 * MIB }],
  ["a ref that does not exist", "not-found", { spec: "os/none" }],
  ["keys that are none", "invalid", { rootSshKey: "hello" }],
  ["an argument that names the deployment", "usage", { kargs: ["atomic=x"] }],
] as const) {
  test(`${what} leaves nothing behind`, async () => {
    assert.is(await codeOf(() => installToDisk(options("none.raw", more))), code);
    assert.not.ok(readdirSync(base).some((name) => name.includes("none.raw")));
  });
}

test("a kernel for which an upgrade would find no room is refused, naming the bytes", async () => {
  const ref = "os/large";
  await host.commit("2", { [LOADER]: "", [`usr/lib/modules/${KERNEL}/vmlinuz`]: "x".repeat(40 * MIB) }, ref);
  try {
    await installToDisk(options("large.raw", { spec: ref }));
    assert.unreachable();
  } catch (error) {
    assert.ok(isAtomicError(error, "no-space"), String(error));
    assert.match(
      error.message,
      /^filling the EFI system partition: expected [0-9]{8} bytes \(.*\) of room, found 64\.0 MiB$/,
    );
    assert.is(error.hint, "use a larger --esp-size");
  }
});

const onLoop = test.needs({ mounts: true, programs: ["losetup"] });

/** Runs `work` on a loop device of its own. */
async function withLoop(work: (device: string) => unknown): Promise<void> {
  const file = join(tempDir(), "disk");
  run("truncate", "--size=200M", file);
  const device = run("losetup", "--find", "--show", file).trim();
  try {
    await work(device);
  } finally {
    run("losetup", "--detach", device);
  }
}

onLoop("a device gets the host, and the scratch directory goes", async () => {
  const scratch = tempDir();
  await withLoop(async (device) => {
    const { size: _size, ...rest } = options("unused", { target: device, confirm: () => true, scratch });
    const result = await installToDisk(rest);
    assert.is(result.size, 200 * MIB);
    const copy = join(base, "copy.raw");
    run("dd", `if=${device}`, `of=${copy}`, "bs=1M", "conv=sparse", "status=none");
    checkHost(result, takeApart(copy));
  });
  assert.equal(readdirSync(scratch), []);
});

onLoop("a device in use is refused with the name of who uses it, whatever is confirmed", async () => {
  await withLoop(async (device) => {
    const { size: _size, ...rest } = options("unused", { target: device, confirm: () => true });
    assert.is(await codeOf(() => installToDisk({ ...rest, size: MIB })), "usage");
    run("mke2fs", "-q", "-F", device);
    const mountPoint = tempDir();
    run("mount", device, mountPoint);
    try {
      await installToDisk(rest);
      assert.unreachable();
    } catch (error) {
      assert.ok(isAtomicError(error, "conflict"), String(error));
      const name = device.slice("/dev/".length);
      assert.is(error.message, `installing to ${device}: it is in use (${name}: ${mountPoint})`);
    } finally {
      run("umount", mountPoint);
    }
    assert.is(await codeOf(() => installToDisk({ ...rest, confirm: () => false })), "conflict");
  });
});
