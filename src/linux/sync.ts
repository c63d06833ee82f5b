/** Getting data to the disk, and advice about the page cache. */
import { failure } from "./errno.ts";
import { cFunction, interrupted } from "./libc.ts";

const fsyncCall = cFunction<[number]>("int fsync(int)");
const fdatasyncCall = cFunction<[number]>("int fdatasync(int)");
const syncfsCall = cFunction<[number]>("int syncfs(int)");
const syncRange = cFunction<[number, number, number, number]>("int sync_file_range(int, int64_t, int64_t, uint32_t)");
const fadvise = cFunction<[number, number, number, number]>("int posix_fadvise(int, int64_t, int64_t, int)");

/** Returns once the file's data and metadata are on the disk. @throws KernelError */
export function fsync(fd: number): void {
  settle(fsyncCall, fd);
}

/** Like `fsync`, without metadata that reading the data does not need. @throws KernelError */
export function fdatasync(fd: number): void {
  settle(fdatasyncCall, fd);
}

/** Returns once everything written to the filesystem that holds `fd` is on the disk. @throws KernelError */
export function syncfs(fd: number): void {
  settle(syncfsCall, fd);
}

const SYNC_FILE_RANGE_WRITE = 2;
/** Starts writing a range's dirty pages out, without waiting and without any promise. @throws KernelError */
export function startWriteback(fd: number, offset: number, length: number): void {
  if (syncRange(fd, offset, length, SYNC_FILE_RANGE_WRITE) < 0) throw failure("starting the writeback of", { fd });
}

const ADVICE = { normal: 0, random: 1, sequential: 2, willneed: 3, dontneed: 4, noreuse: 5 } as const;
/** Tells the kernel how the whole file will be read. It is advice: a refusal is not an error. */
export function posixFadvise(fd: number, advice: keyof typeof ADVICE): void {
  fadvise(fd, 0, 0, ADVICE[advice]);
}

function settle(call: (fd: number) => number, fd: number): void {
  let result: number;
  do result = call(fd);
  while (result < 0 && interrupted());
  if (result < 0) throw failure("syncing", { fd });
}
