/** Owner, mode and times of an inode. An empty path means the open file `dirFd` itself, `O_PATH` included. */
import { failure } from "./errno.ts";
import { cFunction } from "./libc.ts";
import type { PathArg } from "./path.ts";
import { cPath } from "./path.ts";

const fchownat = cFunction<[number, Uint8Array, number, number, number]>(
  "int fchownat(int, const void *, uint32_t, uint32_t, int)",
);
const chmodPath = cFunction<[Uint8Array, number]>("int chmod(const void *, uint32_t)");
const utimensatCall = cFunction<[number, Uint8Array, Uint8Array, number]>(
  "int utimensat(int, const void *, const void *, int)",
);

const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_EMPTY_PATH = 0x1000;
const UTIME_OMIT = 0x3ffffffe;
/** Leaves the owner or group as it is. */
const UNCHANGED = 0xffffffff;

/** Sets owner and group (undefined: unchanged) without following a symlink. Set-id bits of a file are lost. */
export function chownAt(dirFd: number, path: PathArg, owner: { uid?: number; gid?: number }): void {
  if (fchownat(dirFd, cPath(path), owner.uid ?? UNCHANGED, owner.gid ?? UNCHANGED, nofollow(path)) < 0)
    throw failure("changing the owner of", { fd: dirFd, path });
}

/** Sets the permission bits (07777) of an open file, `O_PATH` included. A symlink has none to set: unsupported. */
export function fchmod(fd: number, mode: number): void {
  // fchmod(2) refuses O_PATH descriptors; the magic link reaches the inode without a walk that could be diverted.
  if (chmodPath(cPath(`/proc/self/fd/${fd}`), mode) < 0)
    throw failure("changing the mode of", { fd, feature: "the mode of a symlink" });
}

/** Sets the modification time (seconds and nanoseconds), leaving the access time, without following a symlink. */
export function utimensAt(dirFd: number, path: PathArg, time: { mtime: number; mtimeNsec: number }): void {
  // struct timespec[2], access time first: seconds s64, nanoseconds s64
  const times = new Uint32Array(8);
  times[2] = UTIME_OMIT;
  times[4] = time.mtime >>> 0;
  times[5] = Math.floor(time.mtime / 2 ** 32) >>> 0;
  times[6] = time.mtimeNsec;
  if (utimensatCall(dirFd, cPath(path), new Uint8Array(times.buffer), nofollow(path)) < 0)
    throw failure("changing the time of", { fd: dirFd, path });
}

function nofollow(path: PathArg): number {
  return path.length === 0 ? AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW : AT_SYMLINK_NOFOLLOW;
}
