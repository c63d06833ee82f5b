/** What an inode is, through statx into one reused buffer. */
import { failure } from "./errno.ts";
import { cFunction, lastErrno } from "./libc.ts";
import type { PathArg } from "./path.ts";
import { cPath } from "./path.ts";

const statx = cFunction<[number, Uint8Array, number, number, Uint8Array]>(
  "int statx(int, const void *, int, uint32_t, void *)",
);

export const S_IFMT = 0o170000;
export const S_IFSOCK = 0o140000;
export const S_IFLNK = 0o120000;
export const S_IFREG = 0o100000;
export const S_IFBLK = 0o060000;
export const S_IFDIR = 0o040000;
export const S_IFCHR = 0o020000;
export const S_IFIFO = 0o010000;

export interface Stat {
  /** File type and permission bits; `mode & S_IFMT` is the type. */
  mode: number;
  uid: number;
  gid: number;
  /** Bytes. */
  size: number;
  /** A bigint only above 2^53. */
  ino: number | bigint;
  /** The filesystem's device, as the kernel encodes it in 32 bits (new_encode_dev). */
  dev: number;
  nlink: number;
  /** The device a character or block node stands for, encoded like `dev`; 0 for other types. */
  rdev: number;
  /** Whole seconds since the epoch, may be negative. */
  mtime: number;
  /** Nanoseconds within the second. */
  mtimeNsec: number;
  ctime: number;
  ctimeNsec: number;
  /** Allocated 512-byte blocks. */
  blocks: number;
}

const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_NO_AUTOMOUNT = 0x800;
const AT_EMPTY_PATH = 0x1000;
const STATX_BASIC_STATS = 0x7ff;
const ENOENT = 2;
const ENOTDIR = 20;

let scratch: { bytes: Uint8Array; unsigned: Uint32Array; signed: Int32Array } | undefined;

/** The inode `path` names; the last component is followed only on request. @throws KernelError not-found and others */
export function statAt(dirFd: number, path: PathArg, options?: { follow?: boolean }): Stat {
  const flags = options?.follow === true ? AT_NO_AUTOMOUNT : AT_NO_AUTOMOUNT | AT_SYMLINK_NOFOLLOW;
  if (call(dirFd, cPath(path), flags) < 0) throw failure("reading the status of", { fd: dirFd, path });
  return decode();
}

/** Like `statAt` without following, but undefined when nothing is there. */
export function statIfExists(dirFd: number, path: PathArg): Stat | undefined {
  if (call(dirFd, cPath(path), AT_NO_AUTOMOUNT | AT_SYMLINK_NOFOLLOW) === 0) return decode();
  const errno = lastErrno();
  if (errno === ENOENT || errno === ENOTDIR) return undefined;
  throw failure("reading the status of", { fd: dirFd, path });
}

/** The inode of an open file; `O_PATH` descriptors too. */
export function fstat(fd: number): Stat {
  if (call(fd, cPath(""), AT_EMPTY_PATH) < 0) throw failure("reading the status of", { fd });
  return decode();
}

function call(dirFd: number, path: Uint8Array, flags: number): number {
  if (scratch === undefined) {
    const buffer = new ArrayBuffer(256);
    scratch = { bytes: new Uint8Array(buffer), unsigned: new Uint32Array(buffer), signed: new Int32Array(buffer) };
  }
  return statx(dirFd, path, flags, STATX_BASIC_STATS, scratch.bytes);
}

/** struct statx, see linux/stat.h; indexes are byte offsets / 4. 64-bit fields are read as halves: no BigInt. */
function decode(): Stat {
  const { unsigned: u, signed: s } = scratch!;
  return {
    mode: u[7]! & 0xffff,
    uid: u[5]!,
    gid: u[6]!,
    size: u[11]! * 2 ** 32 + u[10]!,
    ino: u[9]! < 2 ** 21 ? u[9]! * 2 ** 32 + u[8]! : (BigInt(u[9]!) << 32n) | BigInt(u[8]!),
    dev: encodeDevice(u[34]!, u[35]!),
    nlink: u[4]!,
    rdev: encodeDevice(u[32]!, u[33]!),
    mtime: s[29]! * 2 ** 32 + u[28]!,
    mtimeNsec: u[30]!,
    ctime: s[25]! * 2 ** 32 + u[24]!,
    ctimeNsec: u[26]!,
    blocks: u[13]! * 2 ** 32 + u[12]!,
  };
}

/** A device number in the kernel's 32-bit form (new_encode_dev in linux/kdev_t.h). */
export function encodeDevice(major: number, minor: number): number {
  return ((minor & 0xff) | (major << 8) | ((minor & 0xfff00) << 12)) >>> 0;
}
