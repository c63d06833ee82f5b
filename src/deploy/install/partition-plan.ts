/** Where the partitions of a host's disk lie: an EFI system partition, then the root filesystem to the end. */
import { AtomicError } from "../../errors.ts";
import { formatBytes } from "../../units.ts";

/** Bytes; disks with larger sectors are refused. */
export const SECTOR = 512;
const MIB = 1024 * 1024;
/** Partitions start and end at multiples of this, which suits every medium. Bytes. */
const ALIGNMENT = MIB;
/** The first MiB holds the partition table, the last the copy of it. */
const MARGIN = MIB;
/** FAT32 needs 65,525 clusters, and two kernels need room. Bytes. */
const MIN_ESP = 64 * MIB;
const MIN_ROOT = 64 * MIB;
const ESP_TYPE = "C12A7328-F81F-11D2-BA4B-00C04FC93EC9";

/** Bytes from the start of the disk. */
export interface Extent {
  offset: number;
  size: number;
}

export interface PartitionPlan {
  esp: Extent;
  root: Extent;
}

/** Identifiers of the disk and its partitions, as UUIDs. */
export interface DiskIds {
  disk: string;
  esp: string;
  root: string;
}

/**
 * Plans the partitions of a disk.
 * @param size bytes of the whole disk
 * @param espSize bytes wanted for the EFI system partition
 * @throws AtomicError no-space when it is too small, usage for a tiny EFI system partition
 */
export function planPartitions(size: number, espSize: number): PartitionPlan {
  if (espSize < MIN_ESP) {
    throw new AtomicError(
      "usage",
      `planning partitions: expected an EFI system partition of at least ${formatBytes(MIN_ESP)}, found ${formatBytes(espSize)}`,
    );
  }
  const esp = { offset: MARGIN, size: Math.ceil(espSize / ALIGNMENT) * ALIGNMENT };
  const start = esp.offset + esp.size;
  const end = Math.floor((size - MARGIN) / ALIGNMENT) * ALIGNMENT;
  if (end - start < MIN_ROOT) {
    const smallest = start + MIN_ROOT + MARGIN;
    throw new AtomicError(
      "no-space",
      `planning partitions: expected a disk of at least ${formatBytes(smallest)}, found ${formatBytes(size)}`,
    );
  }
  return { esp, root: { offset: start, size: end - start } };
}

/** The plan as `sfdisk` reads it. @param rootType the GPT type of the root partition */
export function sfdiskScript({ esp, root }: PartitionPlan, ids: DiskIds, rootType: string): string {
  const line = ({ offset, size }: Extent, about: { type: string; uuid: string; name: string }): string =>
    [
      `start=${offset / SECTOR}`,
      `size=${size / SECTOR}`,
      `type=${about.type}`,
      `uuid=${about.uuid}`,
      `name="${about.name}"`,
    ].join(", ");
  return [
    "label: gpt",
    `label-id: ${ids.disk}`,
    "unit: sectors",
    "",
    line(esp, { type: ESP_TYPE, uuid: ids.esp, name: "esp" }),
    line(root, { type: rootType, uuid: ids.root, name: "root" }),
    "",
  ].join("\n");
}
