/**
 * Power cuts during an upgrade. One upgrade is recorded write by write, from the first pulled object to the end of the
 * shutdown that finalizes it; then disks are made as they would be had the power gone at some point: all that was
 * flushed until then, and of what was written after the last flush all, or any part.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { installedEntries, readBootDirectory } from "../../src/bootloader/index.ts";
import type { HostStatus } from "../../src/deploy/index.ts";
import { run } from "../../src/spawn.ts";
import { cli } from "../support/cli.ts";
import { suite } from "../support/suite.ts";
import { tempDir } from "../support/temp.ts";
import { atomic } from "./atomic.ts";
import { copyOfDisk, type Disk, type Partitions, partitionsOf, removeDisk, withSysroot } from "./disk.ts";
import { versionInside, hostStates } from "./host-states.ts";
import { type VmImages, vmImages, vmUnmet } from "./images.ts";
import { dataDrive, startMachine } from "./machine.ts";
import { type LoggedWrite, readWriteLog, recordedDrive, replayWrites } from "./write-log.ts";

const test = suite("vm/power-cut", vmUnmet());

/** How many cuts are tried, and how many of the disks are booted afterwards. */
const CUTS = 44;
const BOOTED = 4;

/** A cut: everything before `flushed` is on the disk, and of what follows up to `end` what `keeps` says. */
interface Cut {
  name: string;
  flushed: number;
  end: number;
  keeps: (index: number) => boolean;
}

let images: VmImages;
/** The disk as it was before the first recorded write. */
let before: Disk;
let log: string;
let writes: LoggedWrite[];
/** Index of the first write of the upgrade. */
let start: number;
let partitions: Partitions;
let source: string;
/** Cuts after whose repair a machine is started. */
const survivors: { cut: Cut; disk: Disk }[] = [];

test.before(async () => {
  images = await vmImages();
  before = copyOfDisk(images.disks["systemd-boot"]);
  partitions = partitionsOf(before.path);
  // This machine's kernel must be able to read what the guest writes, and kernels without fs-verity cannot read seals.
  run(["debugfs", "-w", "-R", "feature -verity", `${before.path}?offset=${partitions.root.offset}`]);
  source = tempDir();
  run(["mount", "-o", "loop,ro", images.update, source]);
});
test.after(() => void run(["umount", source]));

test("records an upgrade", async () => {
  try {
    await record();
  } catch (error) {
    // Seen once in six runs, and not understood: the recording drive fails a write.
    if (!(error as Error).message.includes("(EIO)")) throw error;
    console.log(`recording again: ${(error as Error).message}`);
    await record();
  }
  writes = readWriteLog(log);
  const flushes = writes.slice(start).filter(({ kind }) => kind === "flush").length;
  console.log(`${writes.length - start} writes, ${flushes} flushes`);
  assert.ok(flushes >= CUTS, `${flushes} flushes`);
});

test("after a cut at any point the disk holds one whole host, and upgrading again works", () => {
  const work = copyOfDisk(before.path);
  let done = 0;
  const seen = { 1: 0, 2: 0 };
  for (const [index, cut] of cutsIn(writes).entries()) {
    replayWrites(log, writes.slice(done, cut.flushed), work.path);
    done = cut.flushed;
    const disk = copyOfDisk(work.path);
    replayWrites(
      log,
      writes.slice(cut.flushed, cut.end).filter((_, i) => cut.keeps(i)),
      disk.path,
    );
    seen[checkCut(cut, disk, index % 4 === 0)]++;
    if (index % Math.ceil(CUTS / BOOTED) === 1) survivors.push({ cut, disk });
    else removeDisk(disk);
  }
  console.log(`${seen[1]} cuts left the old host, ${seen[2]} the new one`);
  assert.ok(seen[1] > 0 && seen[2] > 0);
});

test("disks after a cut boot", async () => {
  assert.ok(survivors.length >= BOOTED);
  for (const { cut, disk } of survivors) {
    const guest = await startMachine({ disk });
    try {
      await guest.see(/atomic: starting os\/[0-9a-f]{64}\.[0-9]/);
    } catch (error) {
      throw new Error(`${cut.name}: ${(error as Error).message}`, { cause: error });
    } finally {
      await guest.kill();
    }
  }
});

test("a host that was cut off upgrades inside", async () => {
  const { disk } = survivors[1]!;
  const guest = await startMachine({ disk, devices: dataDrive(images.update, "update") });
  try {
    await guest.expect("mkdir /run/update && mount -o ro /dev/disk/by-id/virtio-update /run/update");
    const { status, output } = await guest.shell("atomic host upgrade --from /run/update", 900);
    assert.ok([0, 77].includes(status), output);
    await guest.restart();
  } finally {
    await guest.kill();
  }
  const after = await startMachine({ disk });
  try {
    assert.is(await after.expect(versionInside), "2");
    await after.expect("systemctl is-system-running --wait || true"); // its last try until then: the old host goes next
    assert.is((await hostStates(after))[0], "2 booted");
  } finally {
    await after.kill();
  }
});

/** One upgrade in a guest, from the first pulled object to the end of the shutdown that finalizes it. */
async function record(): Promise<void> {
  const disk = copyOfDisk(before.path);
  log = join(tempDir(), "log");
  run(["truncate", "--size=0", log]);
  const guest = await startMachine({
    disk,
    drive: recordedDrive(disk, log),
    devices: dataDrive(images.update, "update"),
  });
  try {
    await guest.expect("mkdir /run/update && mount -o ro /dev/disk/by-id/virtio-update /run/update && sync");
    start = readWriteLog(log).length;
    await guest.expect("atomic host upgrade --from /run/update", 900);
    await guest.restart();
  } finally {
    await guest.kill();
    removeDisk(disk);
  }
}

/** Cuts spread over the flushes of the upgrade; those around writes to the EFI system partition come first. */
function cutsIn(all: readonly LoggedWrite[]): Cut[] {
  const flushes = all.flatMap(({ kind }, index) => (kind === "flush" && index >= start ? index : []));
  const near = flushes.filter((flush, i) =>
    all
      .slice(flushes[i - 1] ?? start, flush)
      .some(({ kind, offset }) => kind === "write" && offset < partitions.root.offset),
  );
  const half = spread(near, CUTS / 2);
  const chosen = [
    ...half,
    ...spread(
      flushes.filter((flush) => !half.includes(flush)),
      CUTS - half.length,
    ),
  ];
  return chosen
    .toSorted((a, b) => a - b)
    .map((flush, i) => {
      const end = flushes[flushes.indexOf(flush) + 1] ?? all.length;
      const kind = KINDS[i % KINDS.length]!;
      return { name: `cut ${i + 1} after write ${flush}, ${kind.name}`, flushed: flush + 1, end, keeps: kind.keeps(i) };
    });
}

/** What is left of the writes since the last flush: a disk may do them in any order. */
const KINDS: readonly { name: string; keeps: (seed: number) => (index: number) => boolean }[] = [
  { name: "none of what follows", keeps: () => () => false },
  { name: "half of what follows", keeps: (seed) => (index) => ((index + 1) * 2654435761 + seed * 40503) % 7 < 3 },
  { name: "all but the first of what follows", keeps: () => (index) => index > 0 },
];

function spread<T>(items: readonly T[], count: number): T[] {
  if (items.length <= count) return [...items];
  return Array.from({ length: count }, (_, i) => items[Math.floor((i * items.length) / count)]!);
}

/**
 * @param thorough read the whole store a second time
 * @returns the version that boots after the cut
 */
function checkCut(cut: Cut, disk: Disk, thorough: boolean): 1 | 2 {
  try {
    const boots = withSysroot(disk.path, (sysroot) => checkSysroot(sysroot, thorough));
    checkFilesystems(disk.path);
    return boots;
  } catch (error) {
    throw new Error(`${cut.name}: ${(error as Error).message}`, { cause: error });
  }
}

function checkSysroot(sysroot: string, thorough: boolean): 1 | 2 {
  const boots = defaultVersion(sysroot);
  atomic("repo", "fsck", "--sysroot", sysroot);
  atomic("host", "verify", "--sysroot", sysroot);
  // What was staged is finalized at the next shutdown.
  for (const verb of [["upgrade", "--from", source], ["finalize"]]) {
    const { status, stderr } = cli(["host", ...verb, "--sysroot", sysroot]);
    if (status !== 0 && status !== 77) throw new Error(`atomic host ${verb.join(" ")}: ${stderr}`);
  }
  assert.is(defaultVersion(sysroot), 2);
  if (thorough) atomic("repo", "fsck", "--sysroot", sysroot);
  atomic("host", "verify", "--sysroot", sysroot);
  return boots;
}

/** The version of the deployment that the loader starts; all it needs must be there. */
function defaultVersion(sysroot: string): 1 | 2 {
  const boot = join(sysroot, "boot");
  const [entry] = installedEntries(readBootDirectory(boot), "");
  if (entry === undefined) throw new Error("no boot entry is left");
  for (const path of [entry.linux, ...entry.initrd]) {
    if (!existsSync(join(boot, path))) throw new Error(`the boot entry names ${path}, which is not there`);
  }
  const deployment = /^atomic=os\/(\S+)$/m.exec(entry.kargs.join("\n"))![1]!;
  const status = JSON.parse(atomic("host", "status", "--json", "--sysroot", sysroot)) as HostStatus;
  return Number(status.deployments.find(({ id }) => id === deployment)!.version) as 1 | 2;
}

/** After the journal's replay both filesystems are whole. FAT has no journal: what a cut leaves there is room lost. */
function checkFilesystems(path: string): void {
  run(["e2fsck", "-f", "-n", `${path}?offset=${partitions.root.offset}`], { package: "e2fsprogs" });
}
