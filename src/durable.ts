/**
 * Durable operations: the one way a sysroot or store changes.
 *
 * Every method is synchronous, makes one kind of change, and never follows a symlink in the last component of a path.
 * What was done can be recorded, and a run can be told to fail or stop at its n-th operation, so that a test can try
 * every crash point. Nothing is on the disk before `fsync`, `fsyncDirectory` or `barrier` has returned.
 */
import { posix } from "node:path";
import type { ByteString } from "./bytes.ts";
import { fromBytes, fromText, toBytes } from "./bytes.ts";
import * as linux from "./linux/index.ts";
import type { PathArg, Xattr } from "./linux/index.ts";

/** One change, with what it takes to make it again elsewhere. Modes are exact, whatever the umask. */
export type Operation =
  | { kind: "mkdir" | "create" | "chmod"; path: PathArg; mode: number }
  | { kind: "write"; path: PathArg; offset: number; data: Uint8Array }
  | { kind: "extend"; path: PathArg; size: number }
  | { kind: "copy"; path: PathArg; mode: number; data: Uint8Array }
  | { kind: "symlink"; path: PathArg; target: PathArg }
  | { kind: "mknod"; path: PathArg; mode: number; rdev: number }
  | { kind: "link" | "rename" | "rename-noreplace" | "exchange"; path: PathArg; to: PathArg }
  | { kind: "chown"; path: PathArg; uid?: number; gid?: number }
  | { kind: "setxattr"; path: PathArg; name: ByteString; value: ByteString }
  | { kind: "removexattr"; path: PathArg; name: ByteString }
  | { kind: "utimens"; path: PathArg; mtime: number; mtimeNsec: number }
  | { kind: "unlink" | "rmdir" | "fsync" | "fsync-directory" | "barrier" | "enable-verity"; path: PathArg };

export interface DurableOptions {
  /** Called after each operation that succeeded; the bytes written are kept only when this is given. */
  record?: (operation: Operation) => void;
  /** The operation (counted from 1) before which the run stops, as if the power had gone. */
  stopAt?: number;
  /** The operation that fails with an errno as `ENOSPC`; later ones work. */
  failAt?: { operation: number; errno: string };
}

/** Thrown by the operation a run was told to stop before, and by every later one. */
export class Stopped extends Error {}

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

/** What `setMetadata` changes; anything undefined stays. */
export interface Metadata {
  /** Permission bits (07777); ignored for a symlink. */
  mode?: number;
  uid?: number;
  gid?: number;
  /** Seconds since the epoch. */
  mtime?: number;
  mtimeNsec?: number;
  /** The whole set: others are removed. */
  xattrs?: readonly Xattr[];
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

const { AT_FDCWD, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_PATH, O_RDONLY } = linux;
const O_NEW = linux.O_WRONLY | linux.O_CREAT | linux.O_EXCL | O_NOFOLLOW;
/** Permission bits the kernel does not take from the mode of a new inode. */
const SET_ID = 0o6000;
/** Bytes of the name kept in a temporary name, so that it fits NAME_MAX. */
const TEMPORARY_STEM = 200;

/** The writer of a sysroot or store. */
export function createDurable(options: DurableOptions = {}): Durable {
  const { record, stopAt = Infinity, failAt } = options;
  const withheld = process.umask() | SET_ID;
  let count = 0;

  function step<T>(operation: Operation, change: () => T): T {
    count += 1;
    if (count >= stopAt) throw new Stopped(`stopped before operation ${stopAt}: ${operation.kind}`);
    if (count === failAt?.operation)
      throw linux.failure(`${operation.kind} (told to fail)`, { path: operation.path, errno: failAt.errno });
    const result = change();
    record?.(operation);
    return result;
  }

  /** Gives what was just made the bits of `mode` that the umask or the kernel withheld. */
  function completeMode(path: PathArg, mode: number): void {
    if ((mode & withheld) !== 0) onInode(path, O_PATH, (fd) => linux.fchmod(fd, mode & 0o7777));
  }

  function openNew(path: PathArg, mode: number): number {
    const fd = linux.open(path, O_NEW, mode);
    if ((mode & withheld) !== 0) linux.fchmod(fd, mode);
    return fd;
  }

  function writer(path: PathArg, { fd, offset }: { fd: number; offset: number }): DurableFile {
    return {
      fd,
      write(chunk) {
        const data = record === undefined ? chunk : Uint8Array.from(chunk);
        step({ kind: "write", path, offset, data }, () => linux.write(fd, chunk));
        offset += chunk.length;
      },
      skip(length) {
        offset += length;
        step({ kind: "extend", path, size: offset }, () => {
          linux.ftruncate(fd, offset);
          linux.lseek(fd, offset, linux.SEEK_SET);
        });
      },
      sync: () => step({ kind: "fsync", path }, () => linux.fsync(fd)),
      close: () => linux.close(fd),
    };
  }

  function renameAs(kind: keyof typeof RENAMES, path: PathArg, to: PathArg): void {
    step({ kind, path, to }, () => linux.renameAt2(at(path), at(to), RENAMES[kind]));
  }

  const durable: Durable = {
    observed: record !== undefined || stopAt !== Infinity || failAt !== undefined,
    mkdir(path, mode) {
      step({ kind: "mkdir", path, mode }, () => {
        linux.mkdirAt(AT_FDCWD, path, mode);
        completeMode(path, mode);
      });
    },
    ensureDirectory(path, mode) {
      if (typeAt(path) === linux.S_IFDIR) return;
      const parent = parentOf(path);
      if (typeAt(parent) === undefined) durable.ensureDirectory(parent, mode);
      try {
        durable.mkdir(path, mode);
      } catch (error) {
        // Another process may have been faster.
        if (!linux.isKernelError(error, "EEXIST") || typeAt(path) !== linux.S_IFDIR) throw error;
      }
    },
    create: (path, mode) =>
      writer(path, { fd: step({ kind: "create", path, mode }, () => openNew(path, mode)), offset: 0 }),
    append(path, size) {
      const fd = linux.open(path, linux.O_WRONLY | O_NOFOLLOW);
      const file = writer(path, { fd, offset: size });
      file.skip(0);
      return file;
    },
    copy(fromFd, path, mode) {
      const data = record === undefined ? NOTHING : contentOf(fromFd);
      step({ kind: "copy", path, mode, data }, () => {
        const fd = openNew(path, mode);
        try {
          linux.copyFile(fromFd, fd);
        } catch (error) {
          linux.unlinkAt(AT_FDCWD, path);
          throw error;
        } finally {
          linux.close(fd);
        }
      });
    },
    symlink: (target, path) => step({ kind: "symlink", path, target }, () => linux.symlinkAt(target, AT_FDCWD, path)),
    mknod(path, mode, rdev) {
      step({ kind: "mknod", path, mode, rdev }, () => {
        linux.mknodAt(AT_FDCWD, path, { mode, rdev });
        completeMode(path, mode);
      });
    },
    link: (path, to) => step({ kind: "link", path, to }, () => linux.linkAt(at(path), at(to))),
    rename: (from, to) => renameAs("rename", from, to),
    renameNoReplace: (from, to) => renameAs("rename-noreplace", from, to),
    exchange: (a, b) => renameAs("exchange", a, b),
    unlink: (path) => step({ kind: "unlink", path }, () => linux.unlinkAt(AT_FDCWD, path)),
    rmdir: (path) => step({ kind: "rmdir", path }, () => linux.unlinkAt(AT_FDCWD, path, { directory: true })),
    removeTree(path) {
      const type = typeAt(path);
      if (type === undefined) return;
      if (type !== linux.S_IFDIR) return durable.unlink(path);
      linux.visitPostOrder(path, (entry) => {
        const kind = entry.isDirectory ? "rmdir" : "unlink";
        const options = { directory: entry.isDirectory };
        step({ kind, path: entry.path }, () => linux.unlinkAt(entry.dirFd, toBytes(entry.name), options));
      });
      durable.rmdir(path);
    },
    setMetadata(path, { mode, uid, gid, mtime, mtimeNsec = 0, xattrs }) {
      onInode(path, O_PATH, (fd) => {
        if (uid !== undefined || gid !== undefined) {
          const owner = { ...(uid === undefined ? {} : { uid }), ...(gid === undefined ? {} : { gid }) };
          step({ kind: "chown", path, ...owner }, () => linux.chownAt(fd, "", owner));
        }
        if (mode !== undefined && !isSymlink(fd)) step({ kind: "chmod", path, mode }, () => linux.fchmod(fd, mode));
        if (xattrs !== undefined) setXattrs(path, fd, xattrs);
        if (mtime !== undefined)
          step({ kind: "utimens", path, mtime, mtimeNsec }, () => linux.utimensAt(fd, "", { mtime, mtimeNsec }));
      });
    },
    fsync: (path) => step({ kind: "fsync", path }, () => onInode(path, O_RDONLY, linux.fsync)),
    fsyncDirectory: (path) => step({ kind: "fsync-directory", path }, () => onInode(path, O_DIRECTORY, linux.fsync)),
    barrier: (path) => step({ kind: "barrier", path }, () => onInode(path, O_RDONLY, linux.syncfs)),
    enableVerity: (path) => step({ kind: "enable-verity", path }, () => onInode(path, O_RDONLY, enableVerityOnce)),
    replaceFile(path, bytes, mode) {
      const temporary = temporaryBeside(path);
      const file = durable.create(temporary, mode);
      try {
        try {
          file.write(bytes);
          file.sync();
        } finally {
          file.close();
        }
        durable.rename(temporary, path);
      } catch (error) {
        if (!(error instanceof Stopped)) discard(temporary);
        throw error;
      }
      durable.fsyncDirectory(parentOf(path));
    },
  };

  function setXattrs(path: PathArg, fd: number, wanted: readonly Xattr[]): void {
    // O_PATH descriptors have no xattr calls; the magic link reaches the inode itself, a symlink included.
    const target = `/proc/self/fd/${fd}`;
    const present = new Map(linux.listXattrs(target, FOLLOW).map(({ name, value }) => [name, value]));
    for (const { name, value } of wanted) {
      if (present.get(name) !== value)
        step({ kind: "setxattr", path, name, value }, () => linux.setXattr(target, { name, value }, FOLLOW));
      present.delete(name);
    }
    // On a host with SELinux every file has a label, which cannot be removed.
    present.delete(SELINUX_LABEL);
    for (const name of present.keys())
      step({ kind: "removexattr", path, name }, () => linux.removeXattr(target, name, FOLLOW));
  }

  /** Cleans up after an error; that error says more than a failure to clean up would. */
  function discard(path: PathArg): void {
    try {
      durable.unlink(path);
    } catch (error) {
      if (!linux.isKernelError(error)) throw error;
    }
  }

  return durable;
}

const RENAMES = { rename: "replace", "rename-noreplace": "noreplace", exchange: "exchange" } as const;
const SELINUX_LABEL = fromText("security.selinux");
const FOLLOW = { follow: true };
const NOTHING = new Uint8Array(0);

function at(path: PathArg): { dirFd: number; path: PathArg } {
  return { dirFd: AT_FDCWD, path };
}

/** Runs `use` on what `path` itself names; a symlink can be opened with `O_PATH` only. */
function onInode(path: PathArg, flags: number, use: (fd: number) => void): void {
  const fd = linux.open(path, flags | O_NOFOLLOW | O_NONBLOCK);
  try {
    use(fd);
  } finally {
    linux.close(fd);
  }
}

/** The `S_IF…` type of what `path` itself names; undefined when nothing is there. */
function typeAt(path: PathArg): number | undefined {
  const stat = linux.statIfExists(AT_FDCWD, path);
  return stat && stat.mode & linux.S_IFMT;
}

function isSymlink(fd: number): boolean {
  return (linux.fstat(fd).mode & linux.S_IFMT) === linux.S_IFLNK;
}

function enableVerityOnce(fd: number): void {
  try {
    linux.enableVerity(fd);
  } catch (error) {
    if (!linux.isKernelError(error, "EEXIST")) throw error;
  }
}

function contentOf(fd: number): Uint8Array {
  const content = new Uint8Array(linux.fstat(fd).size);
  return content.subarray(0, linux.pread(fd, content, 0));
}

function parentOf(path: PathArg): Buffer {
  return toBytes(posix.dirname(byteString(path)) as ByteString);
}

function temporaryBeside(path: PathArg): Buffer {
  const { dir, base } = posix.parse(byteString(path));
  const random = Math.random().toString(36).slice(2, 10);
  return toBytes(posix.join(dir, `.${base.slice(0, TEMPORARY_STEM)}.${random}.tmp`) as ByteString);
}

function byteString(path: PathArg): ByteString {
  return typeof path === "string" ? fromText(path) : fromBytes(path);
}
