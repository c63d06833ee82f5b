/** Disks of virtual machines: copies for one test, and looking into one while its machine is off. */
import { cpSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../src/spawn.ts";
import { tempDir } from "../support/temp.ts";

/** Where the partitions lie, in bytes. */
export interface Partitions {
  esp: { offset: number; size: number };
  root: { offset: number; size: number };
}

export interface Disk {
  /** A raw image. */
  path: string;
  /** The firmware's variables. */
  variables: string;
}

const VARIABLES = "/usr/share/OVMF/OVMF_VARS_4M.fd";
const SECTOR = 512;
/** Of the serial number in the boot sector of FAT32. */
const FAT_SERIAL = 0x43;

/** A new disk with the content of `image`, for one test to change. */
export function copyOfDisk(image: string): Disk {
  const directory = tempDir();
  const disk = { path: join(directory, "disk.raw"), variables: join(directory, "variables.fd") };
  run(["cp", "--sparse=always", "--reflink=auto", image, disk.path]);
  cpSync(VARIABLES, disk.variables);
  return disk;
}

/** Takes the room of a disk that no machine uses any more. */
export function removeDisk({ path }: Disk): void {
  rmSync(path);
}

/** Reads the partition table. @throws Error unless it is one that `atomic` wrote */
export function partitionsOf(path: string): Partitions {
  const { stdout } = run(["sfdisk", "--json", path], { package: "fdisk" });
  const { partitiontable } = JSON.parse(stdout.toString("utf8")) as {
    partitiontable: { partitions: { name: string; start: number; size: number }[] };
  };
  const find = (name: string): Partitions["esp"] => {
    const found = partitiontable.partitions.find((partition) => partition.name === name);
    if (found === undefined) throw new Error(`${path} has no partition ${name}`);
    return { offset: found.start * SECTOR, size: found.size * SECTOR };
  };
  return { esp: find("esp"), root: find("root") };
}

/**
 * Gives `use` the disk's sysroot, mounted with `boot` where it belongs, and puts back what it changed. Mounting replays
 * the journal, as a boot does. The boot directory is a copy, because kernels of test machines may not know FAT.
 */
export function withSysroot<T>(path: string, use: (sysroot: string) => T): T {
  const { esp, root } = partitionsOf(path);
  const [mounted, boot] = [tempDir(), bootDirectoryOf(path)];
  run(["mount", "-t", "ext4", "-o", `loop,offset=${root.offset},sizelimit=${root.size}`, path, mounted]);
  let result: T;
  let before: string;
  try {
    mkdirSync(join(mounted, "boot"), { recursive: true });
    run(["mount", "--bind", boot, join(mounted, "boot")]);
    before = listing(boot);
    try {
      result = use(mounted);
    } finally {
      run(["umount", join(mounted, "boot")]);
    }
  } finally {
    run(["umount", mounted]);
  }
  if (listing(boot) !== before) rewriteEsp(path, esp, boot);
  rmSync(boot, { recursive: true });
  return result;
}

/** A copy of what is on the EFI system partition. */
export function bootDirectoryOf(path: string): string {
  const directory = tempDir();
  run(["mcopy", "-s", "-n", "-m", "-i", `${path}@@${partitionsOf(path).esp.offset}`, "::/*", directory], MTOOLS);
  return directory;
}

/** Makes the EFI system partition anew, under the name that the host's fstab has for it. */
function rewriteEsp(path: string, esp: Partitions["esp"], boot: string): void {
  const serial = readAt(path, esp.offset + FAT_SERIAL, 4)
    .readUInt32LE()
    .toString(16)
    .padStart(8, "0");
  const start = String(esp.offset / SECTOR);
  const where = ["-h", start, `--offset=${start}`, path, String(esp.size / 1024)];
  run(["mkfs.vfat", "-F", "32", "-I", "-n", "ESP", "-i", serial, ...where]);
  const names = run(["find", boot, "-mindepth", "1", "-maxdepth", "1"]).stdout.toString("utf8").trim().split("\n");
  run(["mcopy", "-s", "-Q", "-i", `${path}@@${esp.offset}`, ...names, "::/"], MTOOLS);
}

/** Names, sizes and times: what is different when something was written. */
function listing(directory: string): string {
  return run(["find", directory, "-printf", "%P %s %T@\n"]).stdout.toString("utf8").split("\n").sort().join("\n");
}

/** Bytes of a file. */
function readAt(path: string, offset: number, length: number): Buffer {
  return run(["dd", `if=${path}`, "iflag=skip_bytes,count_bytes", `skip=${offset}`, `count=${length}`, "status=none"])
    .stdout;
}

const MTOOLS = { env: { PATH: process.env["PATH"] ?? "", MTOOLSRC: "/dev/null", MTOOLS_SKIP_CHECK: "1" } };
