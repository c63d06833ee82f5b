/**
 * Durable operations: the one way a sysroot or store changes.
 *
 * Every method is synchronous, makes one kind of change, and never follows a symlink in the last component of a path.
 * What was done can be recorded, and a run can be told to fail or stop at its n-th operation, so that a test can try
 * every crash point. Nothing is on the disk before `fsync`, `fsyncDirectory` or `barrier` has returned.
 */
import { ensureDirectory, removeTree, replaceFile } from "./durable-compound.ts";
import { setMetadata } from "./durable-metadata.ts";
import { createStep, type DurableOptions } from "./durable-step.ts";
import type { Durable, DurableFile } from "./durable-types.ts";
import * as linux from "./linux/index.ts";
import type { PathArg } from "./linux/index.ts";

export type { Durable, DurableFile } from "./durable-types.ts";

const { AT_FDCWD, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_PATH, O_RDONLY } = linux;
const O_NEW = linux.O_WRONLY | linux.O_CREAT | linux.O_EXCL | O_NOFOLLOW;
/** Permission bits the kernel does not take from the mode of a new inode. */
const SET_ID = 0o6000;
/** The writer of a sysroot or store. */
export function createDurable(options: DurableOptions = {}): Durable {
  const { record, stopAt, failAt } = options;
  const step = createStep(options);
  const withheld = process.umask() | SET_ID;
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
    observed: record !== undefined || stopAt !== undefined || failAt !== undefined,
    mkdir(path, mode) {
      step({ kind: "mkdir", path, mode }, () => {
        linux.mkdirAt(AT_FDCWD, path, mode);
        completeMode(path, mode);
      });
    },
    ensureDirectory: (path, mode) => ensureDirectory(durable, path, mode),
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
    removeTree: (path) => removeTree(durable, step, path),
    setMetadata: (path, metadata) => setMetadata(step, path, metadata),
    fsync: (path) => step({ kind: "fsync", path }, () => onInode(path, O_RDONLY, linux.fsync)),
    fsyncDirectory: (path) => step({ kind: "fsync-directory", path }, () => onInode(path, O_DIRECTORY, linux.fsync)),
    barrier: (path) => step({ kind: "barrier", path }, () => onInode(path, O_RDONLY, linux.syncfs)),
    enableVerity: (path) => step({ kind: "enable-verity", path }, () => onInode(path, O_RDONLY, enableVerityOnce)),
    replaceFile: (path, bytes, mode) => replaceFile(durable, path, { bytes, mode }),
  };

  return durable;
}

const RENAMES = { rename: "replace", "rename-noreplace": "noreplace", exchange: "exchange" } as const;
const NOTHING = new Uint8Array(0);

function at(path: PathArg): { dirFd: number; path: PathArg } {
  return { dirFd: AT_FDCWD, path };
}

/** Runs `use` on what `path` itself names; a symlink can be opened with `O_PATH` only. */
function onInode(path: PathArg, flags: number, use: (fd: number) => void): void {
  linux.withFd(linux.open(path, flags | O_NOFOLLOW | O_NONBLOCK), use);
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
