/** The filesystem that holds a path: type, room, whether it can be written. */
import { failure } from "./errno.ts";
import { cFunction } from "./libc.ts";
import type { PathArg } from "./path.ts";
import { cPath } from "./path.ts";

const statfsCall = cFunction<[Uint8Array, Uint8Array]>("int statfs(const void *, void *)");
const ST_RDONLY = 1;

export interface FilesystemStatus {
  /** The filesystem's magic number, see linux/magic.h: 0xef53 is ext4. */
  type: number;
  /** Bytes; the block counts below are in this unit. */
  blockSize: number;
  blocks: number;
  blocksFree: number;
  /** Free to an unprivileged user. */
  blocksAvailable: number;
  /** Inodes in all; 0 when the filesystem makes them as needed. */
  files: number;
  filesFree: number;
  readOnly: boolean;
  /** 16 hex digits that identify the filesystem. */
  fsid: string;
}

/** Status of the filesystem that holds `path` (followed when it is a symlink). @throws KernelError */
export function statfs(path: PathArg): FilesystemStatus {
  // struct statfs of 64-bit Linux: fifteen 8-byte words
  const words = new BigUint64Array(15);
  if (statfsCall(cPath(path), new Uint8Array(words.buffer)) < 0) throw failure("reading the filesystem of", { path });
  const [type, , blocks, blocksFree, blocksAvailable, files, filesFree] = Array.from(words.subarray(0, 7), Number);
  return {
    type: type! >>> 0,
    blockSize: Number(words[9]),
    blocks: blocks!,
    blocksFree: blocksFree!,
    blocksAvailable: blocksAvailable!,
    files: files!,
    filesFree: filesFree!,
    readOnly: (Number(words[10]) & ST_RDONLY) !== 0,
    fsid: words[7]!.toString(16).padStart(16, "0"),
  };
}
