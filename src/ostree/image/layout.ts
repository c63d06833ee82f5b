/** Where everything lies in an image: inodes, the tails behind them, shared xattrs, data blocks. */
import { BLOCK, CHUNK_BITS, COMPACT_INODE, DIRENT, EXTENDED_INODE, INODES_AT, SLOT, roundUp } from "./erofs.ts";
import type { Inode } from "./inode.ts";
import { type StoredXattrs, storeXattrs } from "./xattr-pool.ts";

const UINT16 = 0xffff;
const UINT32 = 0xffffffff;

/** One inode's place. */
export interface Place {
  /** Byte offset, a multiple of 32. */
  at: number;
  compact: boolean;
  xattrs: StoredXattrs;
  /** Data size as the inode states it. */
  size: number;
  /** Blocks of data elsewhere, and bytes of data right behind the xattrs. */
  blocks: number;
  tail: number;
  /** Number of the first data block. */
  blockAt: number;
  /** A non-empty file's chunk size as a power of two, and how many chunks there are; else 0. */
  chunkBits: number;
  chunks: number;
}

export interface Layout {
  /** By inode number. */
  places: Place[];
  /** Byte offset of the shared xattrs. */
  inodesEnd: number;
  /** Bytes of the whole image, a multiple of 4096. */
  size: number;
  /** The least modification time of all inodes; compact inodes have no other. */
  mtime: number;
  mtimeNsec: number;
}

/** Places `inodes` and `sharedSize` bytes of shared xattrs. */
export function layOut(inodes: readonly Inode[], sharedSize: number): Layout {
  const { mtime, mtimeNsec } = earliest(inodes);
  let end = INODES_AT;
  const places = inodes.map((inode) => {
    const place = measure(inode);
    const { node } = inode;
    place.compact = node.mtime === mtime && node.mtimeNsec === mtimeNsec && fitsCompact(inode, place.size);
    const head = (place.compact ? COMPACT_INODE : EXTENDED_INODE) + place.xattrs.size;
    place.at = roundUp(end, SLOT);
    place.at += node.kind === "symlink" ? placeSymlink(place, head) : placeTail(place, head);
    if (node.kind === "directory") place.size = place.blocks * BLOCK + place.tail;
    end = place.at + head + place.tail;
    return place;
  });
  const inodesEnd = roundUp(end, SLOT);
  let block = roundUp(inodesEnd + sharedSize, BLOCK) / BLOCK;
  for (const place of places) {
    if (place.blocks > 0) place.blockAt = block;
    block += place.blocks;
  }
  return { places, inodesEnd, size: block * BLOCK, mtime, mtimeNsec };
}

function earliest(inodes: readonly Inode[]): { mtime: number; mtimeNsec: number } {
  let { mtime, mtimeNsec } = inodes[0]!.node;
  for (const { node } of inodes) {
    if (node.mtime < mtime || (node.mtime === mtime && node.mtimeNsec < mtimeNsec)) ({ mtime, mtimeNsec } = node);
  }
  return { mtime, mtimeNsec };
}

function measure({ node, names, xattrs }: Inode): Place {
  const place = {
    at: 0,
    compact: false,
    xattrs: storeXattrs(xattrs),
    size: 0,
    blocks: 0,
    tail: 0,
    blockAt: 0,
    chunkBits: 0,
    chunks: 0,
  };
  if (node.kind === "directory") {
    for (const name of names) {
      const entry = DIRENT + name.length;
      if (place.tail + entry > BLOCK) {
        place.blocks += 1;
        place.tail = 0;
      }
      place.tail += entry;
    }
    if (place.tail > BLOCK / 2) moveTail(place);
    place.size = place.blocks * BLOCK + place.tail;
  } else if (node.kind === "symlink") {
    place.size = place.tail = node.target.length;
  } else if (node.kind === "file" && node.size > 0) {
    place.size = node.size;
    place.chunkBits = Math.min(Math.max(bitLength(node.size - 1), CHUNK_BITS.min), CHUNK_BITS.max);
    place.chunks = Math.ceil(node.size / 2 ** place.chunkBits);
    place.tail = 4 * place.chunks;
  }
  return place;
}

function fitsCompact({ nlink, node }: Inode, size: number): boolean {
  return nlink <= UINT16 && node.uid <= UINT16 && node.gid <= UINT16 && size <= UINT32;
}

/** A symlink's inode and target share a block, or the target gets a block. @returns bytes to skip before the inode */
function placeSymlink(place: Place, head: number): number {
  const end = place.at + head + place.tail - 1;
  if (head + place.tail >= BLOCK) moveTail(place);
  return Math.floor(end / BLOCK) === Math.floor(place.at / BLOCK) ? 0 : toNextBlock(place.at);
}

/** A tail lies within one block, by skipping to the next one or by moving there. @returns bytes to skip before the inode */
function placeTail(place: Place, head: number): number {
  const room = BLOCK - ((place.at + head) % BLOCK);
  if (room >= place.tail) return 0;
  const skip = roundUp(room, SLOT);
  if (place.tail <= BLOCK - ((place.at + head + skip) % BLOCK)) return skip;
  moveTail(place);
  return toNextBlock(place.at);
}

function moveTail(place: Place): void {
  place.blocks += 1;
  place.tail = 0;
}

function toNextBlock(at: number): number {
  return roundUp(at, BLOCK) - at;
}

function bitLength(value: number): number {
  const high = Math.floor(value / 2 ** 32);
  return high > 0 ? 64 - Math.clz32(high) : 32 - Math.clz32(value);
}
