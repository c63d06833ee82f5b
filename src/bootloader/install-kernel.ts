/**
 * Kernels in the boot directory: `atomic/STATEROOT-BOOTCHECKSUM/{vmlinuz,initramfs.img}`.
 *
 * The boot checksum is the BLAKE3 of the kernel's bytes followed by the initramfs's, so deployments that start the same
 * share the files, and what is there can be checked against its name.
 */
import { join } from "node:path";
import type { Checksum } from "../digest.ts";
import { createHasher } from "../digest.ts";
import type { Durable } from "../durable.ts";
import { AtomicError } from "../errors.ts";
import { close, isKernelError, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, open, pread } from "../linux/index.ts";

export interface KernelFiles {
  stateroot: string;
  /** Open for reading. */
  kernel: number;
  /** Open for reading; absent when the kernel needs none. */
  initramfs?: number;
}

/** What a boot entry needs to name; paths are relative to the boot directory. */
export interface InstalledKernel {
  checksum: Checksum;
  /** `atomic/STATEROOT-BOOTCHECKSUM`. */
  directory: string;
  linux: string;
  initrd: string[];
}

/** Where kernels are, below the boot directory. */
export const KERNELS = "atomic";
const CHUNK = 1024 * 1024;

/**
 * Puts a kernel and its initramfs into the boot directory. Files already there are used when their bytes are right and
 * replaced when they are not; either way they are on the disk when this returns.
 * @throws AtomicError invalid for an unusable stateroot name; KernelError no-space and others
 */
export function installKernel(disk: Durable, bootDirectory: string, files: KernelFiles): InstalledKernel {
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/.test(files.stateroot)) {
    throw new AtomicError(
      "invalid",
      `installing a kernel of stateroot ${JSON.stringify(files.stateroot)}: not a usable name`,
    );
  }
  const sources = [
    { name: "vmlinuz", fd: files.kernel },
    ...(files.initramfs === undefined ? [] : [{ name: "initramfs.img", fd: files.initramfs }]),
  ];
  const checksum = checksumOfFiles(sources.map(({ fd }) => fd));
  const directory = `${KERNELS}/${files.stateroot}-${checksum}`;
  const path = join(bootDirectory, directory);
  const names = sources.map(({ name }) => name);

  if (installedChecksum(path, names) !== checksum) {
    disk.ensureDirectory(path, 0o755);
    for (const { name, fd } of sources) replaceCopy(disk, fd, join(path, name));
  }
  for (const name of names) disk.fsync(join(path, name));
  for (const parent of [path, join(bootDirectory, KERNELS), bootDirectory]) disk.fsyncDirectory(parent);

  const [linux, ...initrd] = names.map((name) => `${directory}/${name}`);
  return { checksum, directory, linux: linux!, initrd };
}

function replaceCopy(disk: Durable, fromFd: number, to: string): void {
  const unfinished = `${to}.tmp`;
  disk.removeTree(unfinished);
  disk.copy(fromFd, unfinished, 0o644);
  disk.fsync(unfinished);
  disk.rename(unfinished, to);
}

/** The boot checksum of the files in `path`; undefined when one is missing. */
function installedChecksum(path: string, names: readonly string[]): Checksum | undefined {
  const fds: number[] = [];
  try {
    for (const name of names) fds.push(open(join(path, name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
    return checksumOfFiles(fds);
  } catch (error) {
    if (isKernelError(error, "ENOENT")) return undefined;
    throw error;
  } finally {
    fds.forEach(close);
  }
}

/** BLAKE3 of the files' bytes, one after the other; their own positions stay. */
function checksumOfFiles(fds: readonly number[]): Checksum {
  const hasher = createHasher();
  const buffer = Buffer.allocUnsafe(CHUNK);
  for (const fd of fds) {
    let offset = 0;
    for (let count = -1; count !== 0; offset += count) {
      count = pread(fd, buffer, offset);
      hasher.update(buffer.subarray(0, count));
    }
  }
  return hasher.digest();
}
