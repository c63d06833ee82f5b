/** Whether a block device is free to be overwritten, and who uses it if not. */
import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { basename, join } from "node:path";
import { AtomicError } from "../../errors.ts";
import {
  close,
  fstat,
  isKernelError,
  lseek,
  O_EXCL,
  O_RDONLY,
  open,
  S_IFBLK,
  S_IFMT,
  SEEK_END,
} from "../../linux/index.ts";
import { SECTOR } from "./partition-plan.ts";

/** A disk that nobody uses. */
export interface FreeDevice {
  /** Bytes. */
  size: number;
  /** What it calls itself; empty when it does not. */
  model: string;
}

/**
 * Checks that a whole disk can be overwritten.
 * @throws AtomicError conflict when it or a part of it is mounted or otherwise held, invalid when it is a partition,
 * unsupported for sectors that are not 512 bytes; KernelError
 */
export function requireFreeDevice(path: string): FreeDevice {
  const doing = `installing to ${path}`;
  const fd = openExclusively(path, doing);
  try {
    const { mode, rdev } = fstat(fd);
    if ((mode & S_IFMT) !== S_IFBLK) throw new AtomicError("invalid", `${doing}: not a block device`);
    const directory = realpathSync(`/sys/dev/block/${deviceNumber(rdev)}`);
    if (existsSync(join(directory, "partition"))) {
      throw new AtomicError("invalid", `${doing}: it is a partition, expected a whole disk`);
    }
    const sector = Number(readAttribute(directory, "queue/logical_block_size"));
    if (sector !== SECTOR) {
      throw new AtomicError("unsupported", `${doing}: expected sectors of ${SECTOR} bytes, found ${sector}`);
    }
    return { size: lseek(fd, 0, SEEK_END), model: readAttribute(directory, "device/model") };
  } finally {
    close(fd);
  }
}

/** The kernel itself refuses this for a device that is mounted, swapped to, or part of another. */
function openExclusively(path: string, doing: string): number {
  try {
    return open(path, O_RDONLY | O_EXCL);
  } catch (error) {
    if (!isKernelError(error, "EBUSY")) throw error;
    throw new AtomicError("conflict", `${doing}: it is in use${usersOf(path)}`, {
      hint: `lsblk ${path}`,
      cause: error,
    });
  }
}

/** ` (sda1: /home; sda2: dm-0)`, as far as that can be seen. */
function usersOf(path: string): string {
  const name = basename(realpathSync(path));
  const directory = realpathSync(join("/sys/class/block", name));
  const parts = [name, ...readdirSync(directory).filter((part) => existsSync(join(directory, part, "partition")))];
  const mounts = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
  const users = parts.flatMap((part) => {
    const own = part === name ? directory : join(directory, part);
    const number = readAttribute(own, "dev");
    const mounted = mounts.flatMap((line) => {
      const [, , device, , target] = line.split(" ");
      return device === number && target !== undefined ? [target] : [];
    });
    const holders = existsSync(join(own, "holders")) ? readdirSync(join(own, "holders")) : [];
    const all = [...mounted, ...holders];
    return all.length === 0 ? [] : [`${part}: ${all.join(", ")}`];
  });
  return users.length === 0 ? "" : ` (${users.join("; ")})`;
}

/** `MAJOR:MINOR` of a device number as `stat` gives it. */
function deviceNumber(rdev: number): string {
  return `${(rdev >>> 8) & 0xfff}:${(rdev & 0xff) | ((rdev >>> 12) & 0xfff00)}`;
}

function readAttribute(directory: string, name: string): string {
  const path = join(directory, name);
  return existsSync(path) ? readFileSync(path, "utf8").trim() : "";
}
