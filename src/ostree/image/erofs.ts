/**
 * The parts of EROFS and of the composefs format that an image uses. All numbers are little-endian.
 * Spec: https://erofs.docs.kernel.org/en/latest/core_ondisk.html
 */

export const BLOCK = 4096;
/** Inodes start at multiples of this; their nid is the multiple. */
export const SLOT = 32;
export const SUPERBLOCK_AT = 1024;
/** Where the first inode may start: directly behind the superblock. */
export const INODES_AT = SUPERBLOCK_AT + 128;

export const COMPACT_INODE = 32;
export const EXTENDED_INODE = 64;
export const XATTR_HEADER = 12;
export const XATTR_ENTRY = 4;
export const DIRENT = 12;

/** How an inode's data is found. */
export const LAYOUT = { plain: 0, inline: 2, chunks: 4 } as const;
/** A chunk that is nowhere: the data comes from the overlay's data layer. */
export const NULL_ADDRESS = 0xffffffff;
/** log2 of the smallest and the largest chunk. */
export const CHUNK_BITS = { min: 12, max: 43 } as const;

/** `S_IFMT` bits. */
export const FILE_TYPE = {
  fifo: 0o010000,
  character: 0o020000,
  directory: 0o040000,
  block: 0o060000,
  file: 0o100000,
  symlink: 0o120000,
  socket: 0o140000,
} as const;

/** A directory entry's type for each kind of inode. */
export const DIRENT_TYPE = { file: 1, directory: 2, character: 3, block: 4, fifo: 5, socket: 6, symlink: 7 } as const;

/** `value` rounded up to a multiple of `unit`. */
export function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}
