/**
 * The xattrs of an image: every different (name, value) once, and where those used more than once are stored.
 */
import { type ByteString, compareBytes } from "../../bytes.ts";
import type { Checksum } from "../../digest.ts";
import { objectPath } from "../object-path.ts";
import { XATTR_ENTRY, XATTR_HEADER, roundUp } from "./erofs.ts";
import { xxh32 } from "./xxh32.ts";

const FILTER_SEED = 0x25bbe08f;
/** Prefixes an entry stores as one byte; the first that matches counts, none is 0. */
const PREFIXES = [
  ["user.", 1],
  ["system.posix_acl_access", 2],
  ["system.posix_acl_default", 3],
  ["trusted.", 4],
  ["security.", 6],
] as const;
/** An inode's count of shared xattrs is a byte; from this many on, mkcomposefs stores the rest inline. */
const MAX_SHARED_PER_INODE = 128;

const METACOPY = "trusted.overlay.metacopy" as ByteString;
const REDIRECT = "trusted.overlay.redirect" as ByteString;
/** struct ovl_metacopy: version 0, length 36, no flags, FS_VERITY_HASH_ALG_SHA256; the digest follows. */
const METACOPY_HEADER = "\0\x24\0\x01" as ByteString;
const METACOPY_SIZE = 36;

/** An xattr's name, as entries store it. */
export interface XattrName {
  full: ByteString;
  /** Number of the prefix, and what follows it. */
  prefix: number;
  suffix: ByteString;
  /** This name's bit in an inode's filter. */
  filterBit: number;
}

export interface PooledXattr {
  name: XattrName;
  /** The value is these bytes, followed by those of `digest`. */
  value: ByteString;
  digest: Checksum | "";
  valueSize: number;
  /** Bytes of its entry, a multiple of 4. */
  size: number;
  uses: number;
  /** Byte offset in the shared area, -1 when stored inline. */
  sharedAt: number;
}

/** Every method that returns an xattr counts one more use of it. */
export interface XattrPool {
  use(name: ByteString, value: ByteString): PooledXattr;
  /** Tells overlayfs that the inode's data is elsewhere, and its fs-verity digest. */
  useMetacopy(verity: Checksum): PooledXattr;
  /** Tells overlayfs where the inode's data is. */
  useRedirect(checksum: Checksum): PooledXattr;
  /** Decides what is shared: entries in their order in the shared area, and its size in bytes. */
  share(): { shared: PooledXattr[]; size: number };
}

/** A pool without xattrs. */
export function createXattrPool(): XattrPool {
  const names = new Map<ByteString, { name: XattrName; values: Map<ByteString, PooledXattr> }>();
  const metacopies = new Map<Checksum, PooledXattr>();
  const redirects = new Map<Checksum, PooledXattr>();
  const metacopy = describeName(METACOPY);
  const redirect = describeName(REDIRECT);
  return {
    use(name, value) {
      let known = names.get(name);
      if (known === undefined) names.set(name, (known = { name: describeName(name), values: new Map() }));
      const xattr = known.values.get(value) ?? createXattr(known.name, value, "", value.length);
      if (xattr.uses++ === 0) known.values.set(value, xattr);
      return xattr;
    },
    useMetacopy(verity) {
      const xattr = metacopies.get(verity) ?? createXattr(metacopy, METACOPY_HEADER, verity, METACOPY_SIZE);
      if (xattr.uses++ === 0) metacopies.set(verity, xattr);
      return xattr;
    },
    useRedirect(checksum) {
      let xattr = redirects.get(checksum);
      if (xattr === undefined) {
        const path = `/${objectPath(checksum, "file")}` as ByteString;
        redirects.set(checksum, (xattr = createXattr(redirect, path, "", path.length)));
      }
      xattr.uses += 1;
      return xattr;
    },
    share() {
      const shared: PooledXattr[] = [];
      const tables = [metacopies, redirects, ...[...names.values()].map(({ values }) => values)];
      for (const table of tables) for (const xattr of table.values()) if (xattr.uses > 1) shared.push(xattr);
      shared.sort(compareShared);
      let size = 0;
      for (const xattr of shared) {
        xattr.sharedAt = size;
        size += xattr.size;
      }
      return { shared, size };
    },
  };
}

function describeName(name: ByteString): XattrName {
  const [text, prefix] = PREFIXES.find(([start]) => name.startsWith(start)) ?? ["", 0];
  const suffix = name.slice(text.length) as ByteString;
  return { full: name, prefix, suffix, filterBit: 1 << (xxh32(suffix, FILTER_SEED + prefix) & 31) };
}

function createXattr(name: XattrName, value: ByteString, digest: Checksum | "", valueSize: number): PooledXattr {
  const size = roundUp(XATTR_ENTRY + name.suffix.length + valueSize, 4);
  return { name, value, digest, valueSize, size, uses: 0, sharedAt: -1 };
}

/** Greatest first, longer values before shorter ones. Hex digits sort like the bytes they stand for. */
function compareShared(a: PooledXattr, b: PooledXattr): number {
  return (
    compareBytes(b.name.full, a.name.full) ||
    b.valueSize - a.valueSize ||
    compareBytes(b.value, a.value) ||
    compareBytes(b.digest, a.digest)
  );
}

/** An inode's xattrs as they are stored: `list[0 … shared - 1]` refer to the shared area, the rest are inline. */
export interface StoredXattrs {
  list: readonly PooledXattr[];
  shared: number;
  /** Bytes behind the inode, a multiple of 4; 0 without xattrs. */
  size: number;
}

const NONE: StoredXattrs = { list: [], shared: 0, size: 0 };

/** How an inode with these xattrs, sorted by name, stores them. The pool's `share` must have been called. */
export function storeXattrs(sorted: readonly PooledXattr[]): StoredXattrs {
  if (sorted.length === 0) return NONE;
  const shared: PooledXattr[] = [];
  const inline: PooledXattr[] = [];
  let size = XATTR_HEADER;
  for (const xattr of sorted) {
    if (xattr.sharedAt >= 0 && shared.length < MAX_SHARED_PER_INODE) {
      shared.push(xattr);
      size += 4;
    } else {
      inline.push(xattr);
      size += xattr.size;
    }
  }
  return { list: shared.length === 0 ? inline : shared.concat(inline), shared: shared.length, size };
}
