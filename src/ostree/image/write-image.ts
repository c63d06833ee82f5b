/** Writes a laid-out image: header, superblock, inodes, shared xattrs, data blocks. */
import {
  BLOCK,
  COMPACT_INODE,
  DIRENT,
  EXTENDED_INODE,
  LAYOUT,
  NULL_ADDRESS,
  SLOT,
  SUPERBLOCK_AT,
  XATTR_ENTRY,
  XATTR_HEADER,
} from "./erofs.ts";
import type { Inode } from "./inode.ts";
import type { ImageInodes } from "./inodes.ts";
import type { Layout, Place } from "./layout.ts";
import type { PooledXattr } from "./xattr-pool.ts";

const COMPOSEFS_MAGIC = 0xd078629a;
const COMPOSEFS_FORMAT = 1;
const FLAG_HAS_ACL = 1;
const EROFS_MAGIC = 0xe0f5e1e2;
/** EROFS_FEATURE_COMPAT_MTIME | EROFS_FEATURE_COMPAT_XATTR_FILTER */
const COMPAT_FEATURES = 0x6;
const BLOCK_BITS = 12;

/** The bytes of the image. */
export function writeImage(image: ImageInodes, layout: Layout, shared: readonly PooledXattr[]): Buffer {
  const out = Buffer.alloc(layout.size);
  const view = new DataView(out.buffer, out.byteOffset, out.length);
  const { inodes } = image;
  const { places, inodesEnd } = layout;
  writeHeaders(view, image, layout);

  for (const inode of inodes) {
    const place = places[inode.number]!;
    writeInode(view, inode, place);
    const xattrsAt = place.at + (place.compact ? COMPACT_INODE : EXTENDED_INODE);
    if (place.xattrs.size > 0) writeXattrs(out, view, place, xattrsAt, inodesEnd % BLOCK);
    writeData(out, view, inode, place, xattrsAt + place.xattrs.size, places);
  }
  for (const xattr of shared) writeXattr(out, view, xattr, inodesEnd + xattr.sharedAt);
  return out;
}

function writeHeaders(view: DataView, { inodes, hasAcl, hasWhiteout }: ImageInodes, layout: Layout): void {
  view.setUint32(0, COMPOSEFS_MAGIC, true);
  view.setUint32(4, COMPOSEFS_FORMAT, true);
  view.setUint32(8, hasAcl ? FLAG_HAS_ACL : 0, true);
  // mkcomposefs raises the version for trees with whiteouts only: their marks changed.
  view.setUint32(12, hasWhiteout ? 1 : 0, true);

  const at = SUPERBLOCK_AT;
  view.setUint32(at, EROFS_MAGIC, true);
  view.setUint32(at + 8, COMPAT_FEATURES, true);
  view.setUint8(at + 12, BLOCK_BITS);
  view.setUint16(at + 14, layout.places[0]!.at / SLOT, true);
  setInt64(view, at + 16, inodes.length);
  setInt64(view, at + 24, layout.mtime);
  view.setUint32(at + 32, layout.mtimeNsec, true);
  view.setUint32(at + 36, layout.size / BLOCK, true);
  view.setUint32(at + 44, Math.floor(layout.inodesEnd / BLOCK), true);
}

function writeInode(view: DataView, { number, node, mode, nlink }: Inode, place: Place): void {
  const { at, compact, xattrs } = place;
  const layout = place.chunks > 0 ? LAYOUT.chunks : place.tail > 0 ? LAYOUT.inline : LAYOUT.plain;
  view.setUint16(at, (layout << 1) | (compact ? 0 : 1), true);
  view.setUint16(at + 2, xattrs.size === 0 ? 0 : (xattrs.size - XATTR_HEADER) / 4 + 1, true);
  view.setUint16(at + 4, mode, true);
  if (compact) {
    view.setUint16(at + 6, nlink, true);
    view.setUint32(at + 8, place.size, true);
    view.setUint16(at + 24, node.uid, true);
    view.setUint16(at + 26, node.gid, true);
  } else {
    setInt64(view, at + 8, place.size);
    view.setUint32(at + 24, node.uid, true);
    view.setUint32(at + 28, node.gid, true);
    setInt64(view, at + 32, node.mtime);
    view.setUint32(at + 40, node.mtimeNsec, true);
    view.setUint32(at + 44, nlink, true);
  }
  if (node.kind === "character" || node.kind === "block") view.setUint32(at + 16, node.rdev, true);
  else if (place.blocks > 0) view.setUint32(at + 16, place.blockAt, true);
  // The same field; a chunked file whose chunks moved to a block keeps the upper half of that block's number.
  if (place.chunks > 0) view.setUint16(at + 16, place.chunkBits - BLOCK_BITS, true);
  view.setUint32(at + 20, number, true);
}

function writeXattrs(out: Buffer, view: DataView, { xattrs }: Place, start: number, sharedAt: number): void {
  let at = start + XATTR_HEADER;
  let filter = 0;
  for (let i = 0; i < xattrs.list.length; i++) {
    const xattr = xattrs.list[i]!;
    filter |= xattr.name.filterBit;
    if (i < xattrs.shared) {
      view.setUint32(at, (sharedAt + xattr.sharedAt) / 4, true);
      at += 4;
    } else {
      writeXattr(out, view, xattr, at);
      at += xattr.size;
    }
  }
  view.setUint32(start, ~filter, true);
  view.setUint8(start + 4, xattrs.shared);
}

function writeXattr(out: Buffer, view: DataView, { name, value, digest, valueSize }: PooledXattr, at: number): void {
  view.setUint8(at, name.suffix.length);
  view.setUint8(at + 1, name.prefix);
  view.setUint16(at + 2, valueSize, true);
  out.write(name.suffix + value, at + XATTR_ENTRY, "latin1");
  if (digest !== "") out.write(digest, at + XATTR_ENTRY + name.suffix.length + value.length, "hex");
}

function writeData(
  out: Buffer,
  view: DataView,
  inode: Inode,
  place: Place,
  tailAt: number,
  places: readonly Place[],
): void {
  const { node } = inode;
  const blocksAt = place.blockAt * BLOCK;
  if (node.kind === "directory") {
    writeDirectory(out, view, inode, place, tailAt, places);
  } else if (node.kind === "symlink") {
    out.write(node.target, place.blocks > 0 ? blocksAt : tailAt, "latin1");
  } else if (place.chunks > 0) {
    const [at, count] = place.blocks > 0 ? [blocksAt, BLOCK / 4] : [tailAt, place.chunks];
    for (let i = 0; i < count; i++) view.setUint32(at + 4 * i, NULL_ADDRESS, true);
  }
}

function writeDirectory(
  out: Buffer,
  view: DataView,
  inode: Inode,
  place: Place,
  tailAt: number,
  places: readonly Place[],
): void {
  const { names } = inode;
  let first = 0;
  for (let block = 0; first < names.length; block++) {
    let next = first;
    for (let used = 0; next < names.length; next++) {
      used += DIRENT + names[next]!.length;
      if (used > BLOCK) break;
    }
    writeEntries(
      out,
      view,
      inode,
      first,
      next,
      block < place.blocks ? (place.blockAt + block) * BLOCK : tailAt,
      places,
    );
    first = next;
  }
}

/** One block of directory entries: fixed parts first, then the names. */
function writeEntries(
  out: Buffer,
  view: DataView,
  { names, targets }: Inode,
  first: number,
  next: number,
  at: number,
  places: readonly Place[],
): void {
  const namesAt = DIRENT * (next - first);
  out.write(names.slice(first, next).join(""), at + namesAt, "latin1");
  let nameAt = namesAt;
  for (let i = first; i < next; i++) {
    const entry = at + DIRENT * (i - first);
    const target = targets[i]!;
    setInt64(view, entry, places[target.number]!.at / SLOT);
    view.setUint16(entry + 8, nameAt, true);
    view.setUint8(entry + 10, target.direntType);
    nameAt += names[i]!.length;
  }
}

function setInt64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value, true); // modulo 2^32, also when negative
  view.setInt32(at + 4, Math.floor(value / 2 ** 32), true);
}
