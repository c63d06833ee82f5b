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
import { close, isKernelError, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, open, read } from "../linux/index.ts";

/** Paths of files whose bytes nobody changes in place. */
export interface KernelFiles {
  stateroot: string;
  kernel: string;
  /** Absent when the kernel needs none. */
  initramfs?: string;
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
 * Puts a kernel and its initramfs into the boot directory: as hard links where that is on the same filesystem, else as
 * copies. Files already there are used when their bytes are right and
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
    { name: "vmlinuz", source: files.kernel },
    ...(files.initramfs === undefined ? [] : [{ name: "initramfs.img", source: files.initramfs }]),
  ];
  const checksum = checksumOfFiles(sources.map(({ source }) => source));
  const directory = `${KERNELS}/${files.stateroot}-${checksum}`;
  const path = join(bootDirectory, directory);
  const names = sources.map(({ name }) => name);

  if (installedChecksum(path, names) !== checksum) {
    disk.ensureDirectory(path, 0o755);
    for (const { name, source } of sources) replaceFile(disk, source, join(path, name));
  }
  for (const name of names) disk.fsync(join(path, name));
  for (const parent of [path, join(bootDirectory, KERNELS), bootDirectory]) disk.fsyncDirectory(parent);

  const [linux, ...initrd] = names.map((name) => `${directory}/${name}`);
  return { checksum, directory, linux: linux!, initrd };
}

function replaceFile(disk: Durable, from: string, to: string): void {
  const unfinished = `${to}.tmp`;
  disk.removeTree(unfinished);
  if (!linked(disk, from, unfinished)) copy(disk, from, unfinished);
  disk.fsync(unfinished);
  disk.rename(unfinished, to);
}

/** False when the filesystem of `to` is another one, or knows no hard links. */
function linked(disk: Durable, from: string, to: string): boolean {
  try {
    disk.link(from, to);
    return true;
  } catch (error) {
    if (isKernelError(error, "EXDEV", "EPERM", "EMLINK")) return false;
    throw error;
  }
}

function copy(disk: Durable, from: string, to: string): void {
  const fd = open(from, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    disk.copy(fd, to, 0o644);
  } finally {
    close(fd);
  }
}

/** The boot checksum of the files in `path`; undefined when one is missing. */
function installedChecksum(path: string, names: readonly string[]): Checksum | undefined {
  try {
    return checksumOfFiles(names.map((name) => join(path, name)));
  } catch (error) {
    if (isKernelError(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** BLAKE3 of the files' bytes, one after the other. */
function checksumOfFiles(paths: readonly string[]): Checksum {
  const hasher = createHasher();
  const buffer = Buffer.allocUnsafe(CHUNK);
  for (const path of paths) {
    const fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      for (let count = read(fd, buffer); count > 0; count = read(fd, buffer)) hasher.update(buffer.subarray(0, count));
    } finally {
      close(fd);
    }
  }
  return hasher.digest();
}
