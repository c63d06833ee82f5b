/** Does it fit? Asked before anything is written. */
import { AtomicError } from "../errors.ts";
import { AT_FDCWD, statAt, statfs } from "../linux/index.ts";
import { formatBytes } from "../units.ts";

/** What is about to be written to one filesystem. */
export interface Need {
  /** A path on the filesystem; it exists. */
  path: string;
  /** The sizes of the new files in bytes. */
  files: readonly number[];
  /** Inodes without content: directories, symlinks. */
  inodes: number;
}

/** Room for what cannot be foreseen: directories that grow, journals, the history. Bytes. */
const RESERVE = 1024 * 1024;

/**
 * Checks that all needs fit, those of one filesystem together, each file rounded up to whole blocks.
 * @throws AtomicError no-space naming the bytes or inodes needed and free, read-only
 */
export function preflight(needs: readonly Need[]): void {
  const byDevice = new Map<number, Need[]>();
  for (const need of needs) {
    const { dev } = statAt(AT_FDCWD, need.path, { follow: true });
    byDevice.set(dev, [...(byDevice.get(dev) ?? []), need]);
  }
  for (const group of byDevice.values()) checkFilesystem(group);
}

function checkFilesystem(needs: readonly Need[]): void {
  const { path } = needs[0]!;
  const status = statfs(path);
  const files = needs.flatMap((need) => need.files);
  if (files.length === 0) return;
  if (status.readOnly) throw new AtomicError("read-only", `writing to ${path}: its filesystem is mounted read-only`);

  const bytes = RESERVE + files.reduce((sum, size) => sum + Math.ceil(size / status.blockSize) * status.blockSize, 0);
  const free = status.blocksAvailable * status.blockSize;
  if (bytes > free) {
    throw new AtomicError("no-space", `writing to ${path}: expected ${show(bytes)} free, found ${show(free)}`, {
      hint: "atomic host cleanup",
    });
  }
  const inodes = files.length + needs.reduce((sum, need) => sum + need.inodes, 0);
  if (status.files > 0 && inodes > status.filesFree) {
    throw new AtomicError("no-space", `writing to ${path}: expected ${inodes} free inodes, found ${status.filesFree}`, {
      hint: "atomic host cleanup",
    });
  }
}

function show(bytes: number): string {
  return `${bytes} bytes (${formatBytes(bytes)})`;
}
