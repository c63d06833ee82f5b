/** Listing and making directories. */
import type { ByteString } from "../bytes.ts";
import { failure } from "./errno.ts";
import { lseek, SEEK_SET } from "./files.ts";
import { cFunction } from "./libc.ts";
import type { PathArg } from "./path.ts";
import { cPath } from "./path.ts";

const getdents64 = cFunction<[number, Uint8Array, number]>("int64_t getdents64(int, void *, size_t)");
const mkdirat = cFunction<[number, Uint8Array, number]>("int mkdirat(int, const void *, uint32_t)");

/** Entry types as the kernel reports them; a filesystem may answer `unknown` for any entry. */
export const DT = {
  unknown: 0,
  fifo: 1,
  character: 2,
  directory: 4,
  block: 6,
  file: 8,
  symlink: 10,
  socket: 12,
} as const;

export interface DirectoryEntry {
  name: ByteString;
  /** One of `DT`. */
  type: number;
}

const SIZE = 256 * 1024;
const NAME = 19;
let scratch: { bytes: Buffer; view: DataView } | undefined;

/** Every entry of an open directory except `.` and `..`, in the filesystem's order. @throws KernelError */
export function readDirectory(fd: number): DirectoryEntry[] {
  scratch ??= view(Buffer.alloc(SIZE));
  const { bytes, view: fields } = scratch;
  const entries: DirectoryEntry[] = [];
  lseek(fd, 0, SEEK_SET);
  for (;;) {
    const filled = getdents64(fd, bytes, SIZE);
    if (filled < 0) throw failure("listing", { fd });
    if (filled === 0) return entries;
    // struct linux_dirent64: ino u64, off s64, reclen u16, type u8, name NUL-terminated
    for (let at = 0; at < filled; at += fields.getUint16(at + 16, true)) {
      const name = bytes.toString("latin1", at + NAME, bytes.indexOf(0, at + NAME)) as ByteString;
      if (name !== "." && name !== "..") entries.push({ name, type: bytes[at + 18]! });
    }
  }
}

/** Makes a directory; the mode is narrowed by the umask. @throws KernelError exists and others */
export function mkdirAt(dirFd: number, path: PathArg, mode: number): void {
  if (mkdirat(dirFd, cPath(path), mode) < 0) throw failure("making the directory", { fd: dirFd, path });
}

function view(bytes: Buffer): { bytes: Buffer; view: DataView } {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) };
}
