/** How OSTree's dirmetas and file headers hold an inode's owner, mode and xattrs. OSTree keeps no times: they are 0. */
import { type ByteString, fromBytes, toBytes } from "../../bytes.ts";
import { AtomicError } from "../../errors.ts";
import { S_IFMT } from "../../linux/index.ts";
import type { InodeMeta, Xattr } from "../tree.ts";
import { array, byteArray, tuple } from "./gvariant.ts";

/** `a(ayay)`: names end with NUL, values are as they are. */
export const xattrsType = array(tuple(byteArray, byteArray));

const PERMISSIONS = 0o7777;
const MAX_XATTRS = 1024;
/** Linux: XATTR_NAME_MAX. */
const MAX_NAME = 255;
/** Linux: XATTR_SIZE_MAX is 65536; a mountable image holds one less. */
const MAX_VALUE = 65535;
const NUL = "\0";

/** Xattrs as OSTree holds them. */
export function encodeXattrs(xattrs: readonly Xattr[]): [Buffer, Buffer][] {
  return xattrs.map(({ name, value }) => [toBytes(`${name}${NUL}` as ByteString), toBytes(value)]);
}

/** The metadata that OSTree's fields mean. @param mode with the file type @throws AtomicError invalid */
export function inodeMeta(fields: { uid: number; gid: number; mode: number; xattrs: [Buffer, Buffer][] }): InodeMeta {
  const { uid, gid, mode } = fields;
  if ((mode & ~(S_IFMT | PERMISSIONS)) !== 0)
    throw new AtomicError("invalid", `decoding an inode of OSTree: mode ${mode.toString(8)}`);
  return { mode: mode & PERMISSIONS, uid, gid, mtime: 0, mtimeNsec: 0, xattrs: decodeXattrs(fields.xattrs) };
}

function decodeXattrs(pairs: readonly [Buffer, Buffer][]): readonly Xattr[] {
  if (pairs.length > MAX_XATTRS) throw refuse(`expected at most ${MAX_XATTRS} xattrs, found ${pairs.length}`);
  let previous = "";
  return pairs.map(([rawName, rawValue]) => {
    const name = fromBytes(rawName.subarray(0, -1));
    if (name === "" || name.length > MAX_NAME || rawName.indexOf(0) !== name.length)
      throw refuse("a malformed xattr name");
    if (name <= previous) throw refuse("xattrs out of order");
    if (rawValue.length > MAX_VALUE) throw refuse(`an xattr of ${rawValue.length} bytes`);
    previous = name;
    return { name, value: fromBytes(rawValue) };
  });
}

function refuse(why: string): AtomicError {
  return new AtomicError("invalid", `decoding an inode of OSTree: ${why}`);
}
