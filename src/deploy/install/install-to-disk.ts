/** Installing a host to a disk: a device, or a file that holds the image of one. */
import { randomBytes, randomUUID } from "node:crypto";
import { basename, dirname, join, resolve } from "node:path";
import { efiArchitecture } from "../../bootloader/index.ts";
import { AtomicError } from "../../errors.ts";
import { AT_FDCWD, S_IFBLK, S_IFMT, statIfExists } from "../../linux/index.ts";
import { run } from "../../spawn.ts";
import { formatBytes } from "../../units.ts";
import type { DeployResult } from "../make-deployment.ts";
import { requireFreeDevice } from "./device-use.ts";
import { installHost, type InstallOptions } from "./install-host.ts";
import { planPartitions } from "./partition-plan.ts";
import { type DiskContent, requireDiskTools, requireFit, writeDisk } from "./write-disk.ts";

export const DISK_FORMATS = ["raw", "qcow2"] as const;
type DiskFormat = (typeof DISK_FORMATS)[number];

export interface DiskOptions extends InstallOptions {
  /** A whole disk's device, or a file to make. */
  target: string;
  /** Bytes of the disk in a file; 10 GiB without it. */
  size?: number;
  /** Bytes of the EFI system partition; 512 MiB without it. */
  espSize?: number;
  /** Of a file; raw without it. */
  format?: DiskFormat;
  /** Where temporary files go; beside the file, or `/var/tmp` for a device. */
  scratch?: string;
  /** Asked before something is overwritten, which `what` describes. @returns false to leave it alone */
  confirm: (what: string) => boolean;
}

export interface DiskResult extends DeployResult {
  target: string;
  size: number;
  rootUuid: string;
  espUuid: string;
}

const DEFAULT_SIZE = 10 * 1024 ** 3;
const DEFAULT_ESP = 512 * 1024 ** 2;

/**
 * Installs a host to a disk. A file appears whole or not at all; a device that was not finished has no partitions.
 * @throws AtomicError conflict when the device is in use or overwriting it is not wanted; no-space, not-found, usage
 */
export async function installToDisk(options: DiskOptions): Promise<DiskResult> {
  const { disk } = options;
  const target = resolve(options.target);
  requireDiskTools();
  efiArchitecture();
  const device = checkTarget(target, options);
  const size = device?.size ?? options.size ?? DEFAULT_SIZE;
  const plan = planPartitions(size, options.espSize ?? DEFAULT_ESP);

  const parent = resolve(options.scratch ?? (device === undefined ? dirname(target) : "/var/tmp"));
  const scratch = join(parent, `.${basename(target)}.${randomBytes(6).toString("hex")}.unfinished`);
  const [root, boot] = [join(scratch, "root"), join(scratch, "boot")];
  const espSerial = randomBytes(4).toString("hex").toUpperCase();
  const uuids = { rootUuid: randomUUID(), espUuid: `${espSerial.slice(0, 4)}-${espSerial.slice(4)}` };
  const ids = { disk: randomUUID(), esp: randomUUID(), root: randomUUID() };
  const content: DiskContent = { plan, ids, esp: boot, espSerial, root, rootUuid: uuids.rootUuid };

  disk.mkdir(scratch, 0o700);
  try {
    for (const directory of [root, boot]) disk.mkdir(directory, 0o755);
    const place = { root, boot, rootUuid: uuids.rootUuid, bootUuid: uuids.espUuid, scratch };
    const result = await installHost(place, options);
    // Nobody may take it for the boot directory: that is the other partition.
    disk.removeTree(join(root, "boot"));
    requireFit(content);
    if (device !== undefined) {
      requireFreeDevice(target);
      writeDisk(disk, target, content, options.progress);
    } else {
      writeImage(target, { ...options, size, content, scratch });
    }
    return { ...result, target, size, ...uuids };
  } finally {
    disk.removeTree(scratch);
  }
}

/** What is known of the device; undefined for a file. */
function checkTarget(target: string, { size, format = "raw", confirm }: DiskOptions): { size: number } | undefined {
  const stat = statIfExists(AT_FDCWD, target);
  const type = stat === undefined ? undefined : stat.mode & S_IFMT;
  if (type !== S_IFBLK && (stat === undefined || confirm(`${target} (${formatBytes(stat.size)})`))) return undefined;
  if (type !== S_IFBLK) throw notWanted(target);
  if (size !== undefined || format !== "raw") {
    throw new AtomicError("usage", `installing to ${target}: a size or a format is for files, not for devices`);
  }
  const device = requireFreeDevice(target);
  const model = device.model === "" ? "" : `, ${device.model}`;
  if (!confirm(`${target} (${formatBytes(device.size)}${model})`)) throw notWanted(target);
  return device;
}

function writeImage(
  target: string,
  {
    disk,
    progress,
    format = "raw",
    size,
    content,
    scratch,
  }: DiskOptions & { size: number; content: DiskContent; scratch: string },
): void {
  const raw = join(scratch, "disk.raw");
  const file = disk.create(raw, 0o644);
  try {
    file.skip(size);
  } finally {
    file.close();
  }
  writeDisk(disk, raw, content, progress);
  const finished = format === "raw" ? raw : join(scratch, `disk.${format}`);
  if (finished !== raw) {
    const task = progress.start(`converting to ${format}`, { announce: true });
    run(["qemu-img", "convert", "-f", "raw", "-O", format, raw, finished], { package: "qemu-utils" });
    disk.fsync(finished);
    task.finish();
  }
  disk.rename(finished, target);
  disk.fsyncDirectory(dirname(target));
}

function notWanted(target: string): AtomicError {
  return new AtomicError("conflict", `installing to ${target}: it exists, and nobody agreed to overwrite it`, {
    hint: "add --yes",
  });
}
