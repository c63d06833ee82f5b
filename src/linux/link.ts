/** Names: symlinks, hard links, removal. */
import type { ByteString } from "../bytes.ts";
import { failure } from "./errno.ts";
import { cFunction } from "./libc.ts";
import type { PathArg } from "./path.ts";
import { cPath } from "./path.ts";

const readlinkat = cFunction<[number, Uint8Array, Uint8Array, number]>(
  "int64_t readlinkat(int, const void *, void *, size_t)",
);
const symlinkat = cFunction<[Uint8Array, number, Uint8Array]>("int symlinkat(const void *, int, const void *)");
const linkat = cFunction<[number, Uint8Array, number, Uint8Array, number]>(
  "int linkat(int, const void *, int, const void *, int)",
);
const unlinkat = cFunction<[number, Uint8Array, number]>("int unlinkat(int, const void *, int)");

const TARGET_MAX = 4096;
const AT_REMOVEDIR = 0x200;
let scratch: Buffer | undefined;

/** The target of a symlink, byte for byte. @throws KernelError */
export function readlinkAt(dirFd: number, path: PathArg): ByteString {
  scratch ??= Buffer.alloc(TARGET_MAX);
  const length = readlinkat(dirFd, cPath(path), scratch, TARGET_MAX);
  if (length < 0) throw failure("reading the symlink", { fd: dirFd, path });
  return scratch.toString("latin1", 0, length) as ByteString;
}

/** Makes the symlink `path` with the given target. @throws KernelError exists and others */
export function symlinkAt(target: PathArg, dirFd: number, path: PathArg): void {
  if (symlinkat(cPath(target), dirFd, cPath(path, 1)) < 0) throw failure("making the symlink", { fd: dirFd, path });
}

/** One name: a path and the directory it starts at. */
export interface Name {
  dirFd: number;
  path: PathArg;
}

/** Gives the inode of `from` the further name `to`; a symlink is linked itself. @throws KernelError exists and others */
export function linkAt(from: Name, to: Name): void {
  if (linkat(from.dirFd, cPath(from.path), to.dirFd, cPath(to.path, 1), 0) < 0)
    throw failure("linking", { fd: from.dirFd, path: from.path, to: to.path });
}

/** Removes a name; with `directory`, an empty directory. @throws KernelError */
export function unlinkAt(dirFd: number, path: PathArg, options?: { directory?: boolean }): void {
  if (unlinkat(dirFd, cPath(path), options?.directory === true ? AT_REMOVEDIR : 0) < 0)
    throw failure("removing", { fd: dirFd, path });
}
