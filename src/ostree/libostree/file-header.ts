/**
 * What OSTree keeps of a regular file or symlink beside its content: `(uuuusa(ayay))`, which is part of what the
 * file's checksum covers, and `(tuuuusa(ayay))`, which starts a `.filez` and adds the size.
 */
import type { ByteString } from "../../bytes.ts";
import { AtomicError } from "../../errors.ts";
import { S_IFLNK, S_IFMT, S_IFREG } from "../../linux/index.ts";
import type { InodeMeta, SymlinkNode } from "../tree.ts";
import { decodeVariant, encodeVariant, tuple, uint32, uint64, utf8 } from "./gvariant.ts";
import { encodeXattrs, inodeMeta, xattrsType } from "./inode.ts";

/** A regular file without its content, or a symlink. */
export type FileHeader = ({ kind: "file" } & InodeMeta) | SymlinkNode;

const FIELDS = [uint32, uint32, uint32, uint32, utf8, xattrsType] as const;
const TYPE = tuple(...FIELDS);
const ARCHIVE_TYPE = tuple(uint64, ...FIELDS);
/** Length of the header and its padding, before the header. Bytes. */
export const FRAME = 8;
/** Far above a header with many xattrs. Bytes. */
const MAX_HEADER = 1024 * 1024;
/** Linux: PATH_MAX, which counts the final NUL. */
export const MAX_TARGET = 4095;

/** An inode as OSTree has it: the mode with the file type, a target only for a symlink. */
export interface RawInode {
  uid: number;
  gid: number;
  mode: number;
  target: ByteString;
  xattrs: [Buffer, Buffer][];
}

/** What is hashed before the content: the header after its length. */
export function contentPrefix(header: FileHeader): Buffer {
  return framed(encodeVariant(TYPE, fields(header)));
}

/** What precedes the compressed content in a `.filez`. @param size of the content, in bytes */
export function archivePrefix(header: FileHeader, size: number): Buffer {
  return framed(encodeVariant(ARCHIVE_TYPE, [size, ...fields(header)]));
}

/**
 * Reads the header of a `.filez`, which is untrusted, without its frame.
 * @throws AtomicError invalid
 */
export function parseArchiveHeader(bytes: Uint8Array): { header: FileHeader; size: number } {
  const [size, uid, gid, mode, rdev, target, xattrs] = decodeVariant(ARCHIVE_TYPE, bytes, "file header");
  const header = fileHeader({ uid, gid, mode, target, xattrs });
  if (rdev !== 0) throw refuse(`device number ${rdev}`);
  if (header.kind === "symlink" && size !== 0) throw refuse(`a symlink of ${size} bytes`);
  return { header, size };
}

/** Where the size of the content ends that a `.filez` starts with. Bytes. */
export const SIZE_END = FRAME + 8;

/** The size of the content of the `.filez` that starts with `start`. @throws AtomicError invalid */
export function parseContentSize(start: Buffer): number {
  if (start.length < SIZE_END) throw refuse("it is cut off");
  return decodeVariant(uint64, start.subarray(FRAME, SIZE_END), "file header");
}

/** The length of the header that the frame `bytes` announces. @throws AtomicError invalid */
export function headerLength(bytes: Buffer): number {
  if (bytes.length < FRAME) throw refuse("it is cut off");
  const length = bytes.readUInt32BE(0);
  if (length > MAX_HEADER || bytes.readUInt32BE(4) !== 0) throw refuse(`expected at most ${MAX_HEADER} bytes`);
  return length;
}

/**
 * The file that OSTree's fields mean.
 * @throws AtomicError invalid on a type, target or xattr that cannot be
 */
export function fileHeader({ target, ...inode }: RawInode): FileHeader {
  const meta = inodeMeta(inode);
  const type = inode.mode & S_IFMT;
  if (type === S_IFLNK) {
    if (target === "" || target.length > MAX_TARGET) throw refuse(`a symlink target of ${target.length} bytes`);
    return { kind: "symlink", ...meta, target };
  }
  if (type !== S_IFREG) throw refuse(`file type ${type.toString(8)}`);
  if (target !== "") throw refuse("a regular file with a symlink target");
  return { kind: "file", ...meta };
}

function fields(header: FileHeader): Parameters<typeof TYPE.write>[1] {
  const [type, target] = header.kind === "symlink" ? [S_IFLNK, header.target] : ([S_IFREG, "" as ByteString] as const);
  return [header.uid, header.gid, type | header.mode, 0, target, encodeXattrs(header.xattrs)];
}

function framed(header: Buffer): Buffer {
  const frame = Buffer.alloc(FRAME);
  frame.writeUInt32BE(header.length, 0);
  return Buffer.concat([frame, header]);
}

function refuse(why: string): AtomicError {
  return new AtomicError("invalid", `decoding file header: ${why}`);
}
