/** How an inode's metadata is written inside dirtrees and commits: `mode, uid, gid, mtime, nsec, [name, value, …]`. */
import { fromBytes, toBytes } from "../bytes.ts";
import { AtomicError } from "../errors.ts";
import { CborFields } from "./cbor.ts";
import type { InodeMeta, Xattr } from "./tree.ts";

const UINT32 = 0xffffffff;
const MAX_XATTRS = 1024;
/** Linux: XATTR_NAME_MAX. */
const MAX_XATTR_NAME = 255;
/** Linux: XATTR_SIZE_MAX is 65536; the EROFS field holds one less. */
const MAX_XATTR_VALUE = 65535;
/** Seconds that fit a signed 64-bit time and a JavaScript integer. */
const MAX_SECONDS = Number.MAX_SAFE_INTEGER;

/** The CBOR fields of `meta`. */
export function inodeFields(meta: InodeMeta): unknown[] {
  const xattrs =
    meta.xattrs.length === 0 ? [] : meta.xattrs.flatMap(({ name, value }) => [toBytes(name), toBytes(value)]);
  return [meta.mode, meta.uid, meta.gid, meta.mtime, meta.mtimeNsec, xattrs];
}

/** Reads what `inodeFields` wrote. @throws AtomicError invalid */
export function takeInodeMeta(fields: CborFields, what: string): InodeMeta {
  const mode = fields.integer(0, 0o7777);
  const uid = fields.integer(0, UINT32);
  const gid = fields.integer(0, UINT32);
  const mtime = fields.integer(-MAX_SECONDS, MAX_SECONDS);
  const mtimeNsec = fields.integer(0, 999_999_999);
  return { mode, uid, gid, mtime, mtimeNsec, xattrs: parseXattrs(fields.array(2 * MAX_XATTRS), what) };
}

function parseXattrs(flat: readonly unknown[], what: string): Xattr[] {
  if (flat.length === 0) return [];
  const fields = new CborFields(flat, `xattrs of ${what}`);
  const xattrs: Xattr[] = [];
  for (let i = 0; i < flat.length; i += 2) {
    const name = fromBytes(fields.bytes(1, MAX_XATTR_NAME));
    const value = fromBytes(fields.bytes(0, MAX_XATTR_VALUE));
    if (name.includes("\0") || name <= (xattrs.at(-1)?.name ?? "")) {
      throw new AtomicError("invalid", `decoding xattrs of ${what}: names must be unique, sorted and free of NUL`);
    }
    xattrs.push({ name, value });
  }
  return xattrs;
}
