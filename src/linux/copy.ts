/** Copying a file's bytes the cheapest way the filesystem offers. */
import { failure } from "./errno.ts";
import { ftruncate, nextData, pread, pwrite } from "./files.ts";
import { cFunction, interrupted, lastErrno } from "./libc.ts";
import { fstat } from "./stat.ts";

const ioctl = cFunction<[number, number, number]>("int ioctl(int, unsigned long, int64_t)");
const copyRange = cFunction<[number, Uint8Array, number, Uint8Array, number, number]>(
  "int64_t copy_file_range(int, void *, int, void *, size_t, uint32_t)",
);

const FICLONE = 0x40049409; // _IOW(0x94, 9, int)
const EPERM = 1;
const EXDEV = 18;
const EINVAL = 22;
const ENOTTY = 25;
const ENOSYS = 38;
const EOPNOTSUPP = 95;
/** What kernels and filesystems answer when they cannot share or copy between these two files. */
const CANNOT = new Set([EPERM, EXDEV, EINVAL, ENOTTY, ENOSYS, EOPNOTSUPP]);

/** Makes `toFd` share all of `fromFd`'s bytes; false when the filesystem cannot. @throws KernelError */
export function reflink(fromFd: number, toFd: number): boolean {
  if (ioctl(toFd, FICLONE, fromFd) === 0) return true;
  if (CANNOT.has(lastErrno())) return false;
  throw failure("cloning", { fd: fromFd });
}

/** A stretch of bytes at the same place in two open files. */
export interface CopyRange {
  fromFd: number;
  toFd: number;
  offset: number;
  length: number;
}

/** Copies inside the kernel; false, with nothing promised about the range, when it cannot. @throws KernelError no-space … */
function copyFileRange(range: CopyRange): boolean {
  const end = range.offset + range.length;
  let at = range.offset;
  while (at < end) {
    const count = copyRange(range.fromFd, offset64(at), range.toFd, offset64(at), end - at, 0);
    if (count > 0) at += count;
    else if (count === 0) return true;
    else if (CANNOT.has(lastErrno())) return false;
    else if (!interrupted()) throw failure("copying", { fd: range.fromFd });
  }
  return true;
}

const CHUNK = 1024 * 1024;

/** Makes the empty file `toFd` a copy of the regular file `fromFd`: a clone if possible, else data only, holes kept. */
export function copyFile(fromFd: number, toFd: number): void {
  if (reflink(fromFd, toFd)) return;
  const { size } = fstat(fromFd);
  let inKernel = true;
  for (let data = nextData(fromFd, 0); data !== undefined; data = nextData(fromFd, data.end)) {
    const range = { fromFd, toFd, offset: data.start, length: data.end - data.start };
    inKernel &&= copyFileRange(range);
    if (!inKernel) copyThroughMemory(range);
  }
  if (fstat(toFd).size < size) ftruncate(toFd, size);
}

function copyThroughMemory({ fromFd, toFd, offset, length }: CopyRange): void {
  const buffer = new Uint8Array(Math.min(CHUNK, length));
  const end = offset + length;
  let at = offset;
  while (at < end) {
    const count = pread(fromFd, buffer.subarray(0, end - at), at);
    if (count === 0) return;
    pwrite(toFd, buffer.subarray(0, count), at);
    at += count;
  }
}

function offset64(offset: number): Uint8Array {
  return new Uint8Array(new Uint32Array([offset >>> 0, Math.floor(offset / 2 ** 32)]).buffer);
}
