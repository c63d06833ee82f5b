/** What can be done to a disk durably. */
import type { Metadata } from "./durable-metadata.ts";
import type { PathArg } from "./linux/index.ts";

/** A file being written. */
export interface DurableFile {
  readonly fd: number;
  write(chunk: Uint8Array): void;
  /** Goes on `length` bytes later; what lies between is a hole, which reads as zeros. */
  skip(length: number): void;
  /** Returns once the content is on the disk. */
  sync(): void;
  close(): void;
}

/** Every method throws `KernelError` when the kernel refuses, and `Stopped` once the run is stopped. */
export interface Durable {
  /** True when this run is recorded or limited, so that nothing else may write in its place. */
  readonly observed: boolean;
  mkdir(path: PathArg, mode: number): void;
  /** Makes a directory and its missing parents, all with `mode`; one that exists keeps its mode. */
  ensureDirectory(path: PathArg, mode: number): void;
  /** A new file; exists when the name is taken. */
  create(path: PathArg, mode: number): DurableFile;
  /** An existing file, to be written on after its first `size` bytes; what follows them is cut off. */
  append(path: PathArg, size: number): DurableFile;
  /** Makes `to` a copy of an open regular file: shared blocks where the filesystem can, holes kept. */
  copy(fromFd: number, to: PathArg, mode: number): void;
  symlink(target: PathArg, path: PathArg): void;
  /** @param mode type and permission bits @param rdev as the kernel encodes it in 32 bits; 0 for fifo and socket */
  mknod(path: PathArg, mode: number, rdev: number): void;
  link(from: PathArg, to: PathArg): void;
  rename(from: PathArg, to: PathArg): void;
  renameNoReplace(from: PathArg, to: PathArg): void;
  /** Swaps two existing names in one step. */
  exchange(a: PathArg, b: PathArg): void;
  unlink(path: PathArg): void;
  rmdir(path: PathArg): void;
  /** Removes whatever is there, each name an operation; refuses to enter another mount. Missing is fine. */
  removeTree(path: PathArg): void;
  /** Sets owner, mode, xattrs and time, in this order, each an operation. */
  setMetadata(path: PathArg, metadata: Metadata): void;
  fsync(path: PathArg): void;
  /** Makes the names in a directory durable. */
  fsyncDirectory(path: PathArg): void;
  /** Returns once everything written so far to the filesystem that holds `path` is on the disk. */
  barrier(path: PathArg): void;
  /** Enables fs-verity on a file nobody is writing; already enabled is fine. */
  enableVerity(path: PathArg): void;
  /**
   * Gives `path` new content durably, in one step for readers, through a file `.NAME.RANDOM.tmp` beside it.
   * The new file belongs to the caller, whoever owned the old one.
   */
  replaceFile(path: PathArg, bytes: Uint8Array, mode: number): void;
}
