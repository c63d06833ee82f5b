/** Bytes that somebody changes on the disk: the kernel refuses objects, the initramfs refuses the image. */
import { closeSync, openSync, readdirSync, readFileSync, readSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { run } from "../../src/spawn.ts";
import { suite } from "../support/suite.ts";
import { atomic } from "./atomic.ts";
import { copyOfDisk, type Disk, partitionsOf, withSysroot } from "./disk.ts";
import { hostStates } from "./host-states.ts";
import { REF, type VmImages, vmImages, vmUnmet } from "./images.ts";
import { type Machine, startMachine } from "./machine.ts";

const test = suite("vm/tamper", vmUnmet());
/** In the tree, not needed to boot, and of several blocks. */
const VICTIM = "usr/share/vm-test/sealed";
const BLOCK = 4096;

let images: VmImages;
let disk: Disk;
test.before(async () => {
  images = await vmImages();
  disk = copyOfDisk(images.disks["systemd-boot"]);
});

test("a host whose objects are all sealed boots when the kernel insists on it", async () => {
  await inGuest(async (guest) => {
    assert.match(
      await guest.expect("atomic repo seal --repo /sysroot/atomic/repo", 900),
      /^sealed [1-9]\d* objects; 0 were sealed before$/m,
    );
    await guest.expect("atomic host kargs --append atomic.verity=require");
    await guest.restart();
  });
  await inGuest(async (guest) => {
    assert.match(await guest.expect("cat /proc/cmdline"), / atomic\.verity=require/);
    assert.match(await guest.expect("grep ' / overlay' /proc/mounts"), /verity=require/);
    assert.is((await hostStates(guest))[0], "1 booted");
    await guest.expect(`cat /${VICTIM} >/dev/null`);
    assert.match(
      await guest.expect("atomic repo seal --repo /sysroot/atomic/repo"),
      /^sealed 0 objects; [1-9]\d* were sealed before$/m,
    );
    const image = "/sysroot/atomic/deploy/os/deploy/*.1/image";
    await guest.expect(`fsverity measure ${image}`);
    await guest.expect("systemctl poweroff --no-block");
    await guest.ended();
  });
});

test("a byte that changed on the disk is not read", async () => {
  const { root } = partitionsOf(disk.path);
  const object = objectOf(VICTIM);
  const blocks = debugfs(`blocks /atomic/repo/objects/${object}`).trim().split(/\s+/).map(Number);
  flip(disk.path, root.offset + blocks[1]! * BLOCK + 100);
  await inGuest(async (guest) => {
    const read = await guest.shell(`cat /${VICTIM}`);
    assert.is.not(read.status, 0);
    assert.match(read.output, /Input\/output error/);
    assert.match((await guest.shell("dmesg | grep -i verity")).output, /FILE CORRUPTED/);
    const fsck = await guest.shell("atomic repo fsck --repo /sysroot/atomic/repo", 900);
    assert.is(fsck.status, 1);
    const name = object.replace("/", "").replace(".file", "");
    assert.match(fsck.output, new RegExp(`^defect: file ${name}: damaged: the kernel cannot read it$`, "m"));
    assert.match(fsck.output, /: 1 defect found$/m);
  });
});

test("an image of which a byte changed is not started", async () => {
  const changed = copyOfDisk(images.disks["systemd-boot"]);
  withSysroot(changed.path, (sysroot) => {
    const deployments = join(sysroot, "atomic/deploy/os/deploy");
    const image = join(deployments, readdirSync(deployments)[0]!, "image");
    const bytes = readFileSync(image);
    bytes[bytes.length >> 1]! ^= 1;
    rmSync(image);
    writeFileSync(image, bytes);
  });
  const refused = await startMachine({ disk: changed });
  try {
    await refused.see(
      /cannot boot os\/\S+: checking the image: expected sha256:[0-9a-f]{64}, found sha256:[0-9a-f]{64}/,
    );
    await refused.ended();
  } finally {
    await refused.kill();
  }
});

async function inGuest(use: (guest: Machine) => Promise<void>): Promise<void> {
  const guest = await startMachine({ disk });
  try {
    await use(guest);
  } finally {
    await guest.kill();
  }
}

/** Below `objects/`. */
function objectOf(path: string): string {
  const listed = JSON.parse(atomic("repo", "ls", REF, path, "--json", "--repo", images.store)) as {
    checksum: string;
  }[];
  const { checksum } = listed[0]!;
  return `${checksum.slice(0, 2)}/${checksum.slice(2)}.file`;
}

function debugfs(request: string): string {
  const { root } = partitionsOf(disk.path);
  return run(["debugfs", "-R", request, `${disk.path}?offset=${root.offset}`], {
    package: "e2fsprogs",
  }).stdout.toString();
}

function flip(path: string, at: number): void {
  const file = openSync(path, "r+");
  const byte = Buffer.alloc(1);
  readSync(file, byte, 0, 1, at);
  byte[0]! ^= 1;
  writeSync(file, byte, 0, 1, at);
  closeSync(file);
}
