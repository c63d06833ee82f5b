/** Opening, reading and writing files by descriptor. Interrupted and short transfers are continued. */
import { failure } from "./errno.ts";
import { O_CLOEXEC, O_NOFOLLOW } from "./flags.ts";
import { cFunction, interrupted, lastErrno } from "./libc.ts";
import type { PathArg } from "./path.ts";
import { AT_FDCWD, cPath } from "./path.ts";

const openat = cFunction<[number, Uint8Array, number, number]>("int openat(int, const void *, int, uint32_t)");
const closeFd = cFunction<[number]>("int close(int)");
const readFd = cFunction<[number, Uint8Array, number]>("int64_t read(int, void *, size_t)");
const writeFd = cFunction<[number, Uint8Array, number]>("int64_t write(int, const void *, size_t)");
const preadFd = cFunction<[number, Uint8Array, number, number]>("int64_t pread(int, void *, size_t, int64_t)");
const pwriteFd = cFunction<[number, Uint8Array, number, number]>("int64_t pwrite(int, const void *, size_t, int64_t)");
const lseekFd = cFunction<[number, number, number]>("int64_t lseek(int, int64_t, int)");
const ftruncateFd = cFunction<[number, number]>("int ftruncate(int, int64_t)");
const fallocateFd = cFunction<[number, number, number, number]>("int fallocate(int, int, int64_t, int64_t)");

const SYMLINK = { ELOOP: "it is a symlink" };

/** Opens `path` relative to the directory `dirFd`, always close-on-exec. @throws KernelError */
export function openAt(dirFd: number, path: PathArg, flags: number, mode = 0): number {
  const name = cPath(path);
  let fd: number;
  do fd = openat(dirFd, name, flags | O_CLOEXEC, mode);
  while (fd < 0 && interrupted());
  if (fd < 0) throw failure("opening", { fd: dirFd, path, texts: (flags & O_NOFOLLOW) === 0 ? undefined : SYMLINK });
  return fd;
}

/** Opens `path`, always close-on-exec. @throws KernelError */
export function open(path: PathArg, flags: number, mode = 0): number {
  return openAt(AT_FDCWD, path, flags, mode);
}

/** Closes a descriptor. @throws KernelError when a delayed write failed, or the descriptor is not open */
export function close(fd: number): void {
  if (closeFd(fd) < 0 && !interrupted()) throw failure("closing", { fd });
}

/** Reads from the file's own position until `buffer` is full or the file ends; returns the bytes read. */
export function read(fd: number, buffer: Uint8Array): number {
  return transfer(buffer, (rest) => readFd(fd, rest, rest.length), { doing: "reading", fd });
}

/** Like `read`, from `offset` and leaving the file's own position alone. */
export function pread(fd: number, buffer: Uint8Array, offset: number): number {
  return transfer(buffer, (rest, done) => preadFd(fd, rest, rest.length, offset + done), { doing: "reading", fd });
}

/** Writes all of `bytes` at the file's own position. @throws KernelError no-space and others */
export function write(fd: number, bytes: Uint8Array): void {
  transfer(bytes, (rest) => writeFd(fd, rest, rest.length), { doing: "writing", fd });
}

/** Writes all of `bytes` at `offset`, leaving the file's own position alone. */
export function pwrite(fd: number, bytes: Uint8Array, offset: number): void {
  transfer(bytes, (rest, done) => pwriteFd(fd, rest, rest.length, offset + done), { doing: "writing", fd });
}

/** Sets the size of an open file; new bytes are a hole. */
export function ftruncate(fd: number, size: number): void {
  if (ftruncateFd(fd, size) < 0) throw failure("resizing", { fd });
}

/** Reserves space for `length` bytes from `offset` on, growing the file. @throws KernelError no-space, unsupported */
export function fallocate(fd: number, offset: number, length: number): void {
  let result: number;
  do result = fallocateFd(fd, 0, offset, length);
  while (result < 0 && interrupted());
  if (result < 0) throw failure("reserving space for", { fd, feature: "reserving space" });
}

export const SEEK_SET = 0;
export const SEEK_CUR = 1;
export const SEEK_END = 2;
const ENXIO = 6;
const SEEK_DATA = 3;
const SEEK_HOLE = 4;

/** Moves the file's own position; returns it, in bytes from the start. */
export function lseek(fd: number, offset: number, whence: number): number {
  const position = lseekFd(fd, offset, whence);
  if (position < 0) throw failure("seeking in", { fd });
  return position;
}

/** The next stretch of data at or after `offset`, as `[start, end)`; undefined when only a hole follows. */
export function nextData(fd: number, offset: number): { start: number; end: number } | undefined {
  const start = lseekFd(fd, offset, SEEK_DATA);
  if (start < 0) {
    if (lastErrno() === ENXIO) return undefined;
    throw failure("finding data in", { fd });
  }
  return { start, end: lseek(fd, start, SEEK_HOLE) };
}

function transfer(
  buffer: Uint8Array,
  step: (rest: Uint8Array, done: number) => number,
  about: { doing: string; fd: number },
): number {
  let done = 0;
  while (done < buffer.length) {
    const count = step(done === 0 ? buffer : buffer.subarray(done), done);
    if (count > 0) done += count;
    else if (count === 0) break;
    else if (!interrupted()) throw failure(about.doing, { fd: about.fd });
  }
  return done;
}
