/** How an inode's metadata is written inside dirtrees and commits: `mode, uid, gid, mtime, nsec, [name, value, …]`. */
import { AtomicError } from "../errors.ts";
import type { CborReader } from "./cbor-reader.ts";
import type { CborWriter } from "./cbor-writer.ts";
import type { InodeMeta, Xattr } from "./tree.ts";

/** How many items `writeInode` writes. */
export const INODE_ITEMS = 6;

const UINT32 = 0xffffffff;
const MAX_XATTRS = 1024;
/** Linux: XATTR_NAME_MAX. */
const MAX_XATTR_NAME = 255;
/** Linux: XATTR_SIZE_MAX is 65536; the EROFS field holds one less. */
const MAX_XATTR_VALUE = 65535;
/** Seconds that fit a signed 64-bit time and a JavaScript integer. */
const MAX_SECONDS = Number.MAX_SAFE_INTEGER;

/** Writes the items of `meta`. */
export function writeInode(out: CborWriter, meta: InodeMeta): void {
  out.integer(meta.mode);
  out.integer(meta.uid);
  out.integer(meta.gid);
  out.integer(meta.mtime);
  out.integer(meta.mtimeNsec);
  out.array(2 * meta.xattrs.length);
  for (const { name, value } of meta.xattrs) {
    out.bytes(name);
    out.bytes(value);
  }
}

/** Reads what `writeInode` wrote. @throws AtomicError invalid */
export function readInodeMeta(input: CborReader): InodeMeta {
  const mode = input.integer(0, 0o7777);
  const uid = input.integer(0, UINT32);
  const gid = input.integer(0, UINT32);
  const mtime = input.integer(-MAX_SECONDS, MAX_SECONDS);
  const mtimeNsec = input.integer(0, 999_999_999);
  return { mode, uid, gid, mtime, mtimeNsec, xattrs: readXattrs(input) };
}

const NONE: readonly Xattr[] = [];

function readXattrs(input: CborReader): readonly Xattr[] {
  const items = input.array(2 * MAX_XATTRS);
  if (items === 0) return NONE;
  if (items % 2 !== 0) throw new AtomicError("invalid", "decoding xattrs: expected a value for every name");
  const xattrs: Xattr[] = [];
  for (let i = 0; i < items; i += 2) {
    const name = input.bytes(1, MAX_XATTR_NAME);
    if (name.includes("\0") || name <= (xattrs.at(-1)?.name ?? "")) {
      throw new AtomicError("invalid", "decoding xattrs: names must be unique, sorted and free of NUL");
    }
    xattrs.push({ name, value: input.bytes(0, MAX_XATTR_VALUE) });
  }
  return xattrs;
}
