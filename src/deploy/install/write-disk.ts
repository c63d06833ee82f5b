/**
 * Making a disk from two directories, without mounting anything: the tools write into the whole disk, be it a file or a
 * device, at the offsets of the partitions. So neither root nor a loop device nor a kernel with FAT is needed.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { efiArchitecture } from "../../bootloader/index.ts";
import type { Durable } from "../../durable.ts";
import { AtomicError, isAtomicError } from "../../errors.ts";
import type { Progress } from "../../progress.ts";
import { run } from "../../spawn.ts";
import { formatBytes } from "../../units.ts";
import { type DiskIds, type PartitionPlan, SECTOR, sfdiskScript } from "./partition-plan.ts";

export interface DiskContent {
  plan: PartitionPlan;
  /** Of the disk and its partitions. */
  ids: DiskIds;
  /** What goes into the EFI system partition. */
  esp: string;
  /** Its serial number: 8 hexadecimal digits. */
  espSerial: string;
  /** What goes into the root filesystem. */
  root: string;
  /** Its UUID. */
  rootUuid: string;
}

/** Programs and the Debian packages that hold them. */
const TOOLS = {
  "mkfs.vfat": "dosfstools",
  mcopy: "mtools",
  mke2fs: "e2fsprogs",
  sfdisk: "fdisk",
  wipefs: "util-linux",
} as const;
const BLOCK = 4096;
/** The share of the root filesystem that its own tables and journal may take. */
const OVERHEAD = 0.1;
/** An upgrade needs room for a second kernel. */
const KERNELS = 2;

/** Checks that all programs are there, before anything is written. @throws AtomicError not-found with a hint */
export function requireDiskTools(): void {
  for (const [program, name] of Object.entries(TOOLS)) {
    try {
      run([program, "--version"], { package: name, env: toolEnvironment() });
    } catch (error) {
      if (!isAtomicError(error, "child-failed")) throw error; // it exists, whatever it says
    }
  }
}

/** Checks that the content fits, with room for an upgrade in the EFI system partition. @throws AtomicError no-space */
export function requireFit({ plan, esp, root }: Pick<DiskContent, "plan" | "esp" | "root">): void {
  const needs = [
    { what: "the EFI system partition", flag: "--esp-size", need: KERNELS * sizeOf(esp), room: plan.esp.size },
    { what: "the root filesystem", flag: "--size", need: sizeOf(root), room: plan.root.size * (1 - OVERHEAD) },
  ];
  for (const { what, flag, need, room } of needs) {
    if (need <= room) continue;
    throw new AtomicError(
      "no-space",
      `filling ${what}: expected ${need} bytes (${formatBytes(need)}) of room, found ${formatBytes(room)}`,
      { hint: `use a larger ${flag}` },
    );
  }
}

/**
 * Writes the disk at `path`, which is as large as planned and free. The partition table comes last: a disk that was
 * not finished has none.
 * @throws AtomicError child-failed, not-found
 */
export function writeDisk(disk: Durable, path: string, content: DiskContent, progress: Progress): void {
  const task = progress.start("making filesystems", { announce: true });
  const tool = (argv: [keyof typeof TOOLS, ...string[]], input = ""): void =>
    void run(argv, { input, package: TOOLS[argv[0]], env: toolEnvironment() });
  const { esp, root } = content.plan;
  tool(["wipefs", "--all", "--quiet", path]);
  tool([
    "mkfs.vfat",
    ...["-F", "32", "-I", "-n", "ESP", "-i", content.espSerial],
    ...["-h", String(esp.offset / SECTOR), `--offset=${esp.offset / SECTOR}`, path, String(esp.size / 1024)],
  ]);
  const names = readdirSync(content.esp).map((name) => join(content.esp, name));
  if (names.length > 0) tool(["mcopy", "-i", `${path}@@${esp.offset}`, "-s", "-Q", ...names, "::/"]);
  tool([
    "mke2fs",
    ...["-q", "-F", "-t", "ext4", "-O", "verity", "-b", String(BLOCK), "-L", "atomic", "-U", content.rootUuid],
    ...["-E", `offset=${root.offset},nodiscard,root_owner=0:0`, "-d", content.root],
    ...[path, String(root.size / BLOCK)],
  ]);
  disk.fsync(path);
  // Its own wiping would remove the filesystems just made.
  const script = sfdiskScript(content.plan, content.ids, efiArchitecture().rootType);
  tool(["sfdisk", "--quiet", "--wipe", "never", "--wipe-partitions", "never", path], script);
  disk.fsync(path);
  task.finish();
}

/** Where people's PATH does not lead; and none of their settings for mtools, which takes a disk for a floppy. */
function toolEnvironment(): Record<string, string> {
  const path = `${process.env["PATH"] ?? "/usr/bin:/bin"}:/usr/sbin:/sbin`;
  return { PATH: path, LC_ALL: "C", MTOOLSRC: "/dev/null", MTOOLS_SKIP_CHECK: "1" };
}

/** The bytes a directory takes. */
function sizeOf(directory: string): number {
  const { stdout } = run(["du", "--summarize", "--block-size=1", directory], { package: "coreutils" });
  return Number(/^[0-9]+/.exec(stdout.toString("latin1"))?.[0]);
}
