/**
 * The dirtree object: one directory's entries, each with its name, metadata and what it refers to.
 * A directory's own metadata lives in its parent's dirtree (the root's in the commit), so equal subtrees are one
 * object. Layout: docs/formats.md, "dirtree".
 */
import { type ByteString, compareBytes, toText } from "../bytes.ts";
import type { Checksum } from "../digest.ts";
import { AtomicError } from "../errors.ts";
import { type CborReader, createCborReader } from "./cbor-reader.ts";
import { type CborWriter, createCborWriter } from "./cbor-writer.ts";
import { INODE_ITEMS, readInodeMeta, writeInode } from "./inode-cbor.ts";
import type { DeviceNode, HardlinkNode, InodeMeta, PipeNode, RegularNode, SymlinkNode } from "./tree.ts";

/** A subdirectory as its parent names it. */
export interface SubtreeEntry extends InodeMeta {
  kind: "directory";
  /** Checksum of the subdirectory's dirtree. */
  tree: Checksum;
}
export type DirtreeEntry = RegularNode | SubtreeEntry | SymlinkNode | DeviceNode | PipeNode | HardlinkNode;
/** Entries sorted bytewise by name. */
export type Dirtree = Map<ByteString, DirtreeEntry>;

const FORMAT = 1;
const KINDS = ["file", "directory", "symlink", "character", "block", "fifo", "socket", "hardlink"] as const;
const MAX_ENTRIES = 1_000_000;
/** More than any kind of entry has. */
const MAX_ITEMS = 23;
/** Linux: NAME_MAX. */
const MAX_NAME = 255;
/** Linux: PATH_MAX, which counts the final NUL. */
const MAX_TARGET = 4095;
const UINT32 = 0xffffffff;

/** Checksum and fs-verity digest of no bytes at all; an empty file has no object. */
export const EMPTY_CHECKSUM = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262" as Checksum;
export const EMPTY_VERITY = "3d248ca542a24fc62d1c43b916eae5016878e2533c88238480b26128a1f1af95" as Checksum;

/** The bytes of a dirtree; equal entries in any order give equal bytes. */
export function encodeDirtree(tree: Dirtree): Buffer {
  const out = createCborWriter();
  out.array(2);
  out.integer(FORMAT);
  out.array(tree.size);
  for (const name of [...tree.keys()].sort(compareBytes)) writeEntry(out, name, tree.get(name)!);
  return out.finish();
}

function writeEntry(out: CborWriter, name: ByteString, entry: DirtreeEntry): void {
  out.array(itemsOf(entry.kind, entry.kind === "file" && entry.size === 0));
  out.bytes(name);
  out.integer(KINDS.indexOf(entry.kind));
  if (entry.kind !== "hardlink") writeInode(out, entry);
  switch (entry.kind) {
    case "file":
      out.integer(entry.size);
      if (entry.size === 0) break;
      out.checksum(entry.checksum);
      out.checksum(entry.verity);
      break;
    case "directory":
      out.checksum(entry.tree);
      break;
    case "symlink":
    case "hardlink":
      out.bytes(entry.target);
      break;
    case "character":
    case "block":
      out.integer(entry.rdev);
      break;
    case "fifo":
    case "socket":
      break;
  }
}

/** The number of items in an entry: name and kind, the inode, and what the kind adds. */
function itemsOf(kind: DirtreeEntry["kind"], isEmptyFile: boolean): number {
  if (kind === "hardlink") return 3;
  const own = kind === "file" ? (isEmptyFile ? 1 : 3) : kind === "fifo" || kind === "socket" ? 0 : 1;
  return 2 + INODE_ITEMS + own;
}

/**
 * Reads a dirtree from its bytes, which are untrusted.
 * @throws AtomicError invalid on a bad name, order, kind, number or length
 */
export function parseDirtree(bytes: Uint8Array): Dirtree {
  const input = createCborReader(bytes, "dirtree");
  input.arrayOf(2);
  input.integer(FORMAT, FORMAT);
  const tree: Dirtree = new Map();
  let previous = "";
  for (let left = input.array(MAX_ENTRIES); left > 0; left--) {
    const items = input.array(MAX_ITEMS);
    const name = checkName(input.bytes(1, MAX_NAME));
    if (name <= previous) throw new AtomicError("invalid", `decoding dirtree: ${toText(name)} is out of order`);
    previous = name;
    const entry = readEntry(input, name);
    if (items !== itemsOf(entry.kind, entry.kind === "file" && entry.size === 0)) {
      throw new AtomicError("invalid", `decoding dirtree: ${toText(name)} has ${items} items`);
    }
    tree.set(name, entry);
  }
  input.end();
  return tree;
}

function readEntry(input: CborReader, name: ByteString): DirtreeEntry {
  const kind = KINDS[input.integer(0, KINDS.length - 1)]!;
  if (kind === "hardlink") return { kind, target: checkTarget(input.bytes(2, MAX_TARGET)) };
  const { mode, uid, gid, mtime, mtimeNsec, xattrs } = readInodeMeta(input);
  switch (kind) {
    case "file": {
      const size = input.integer(0, Number.MAX_SAFE_INTEGER);
      const [checksum, verity] = size === 0 ? [EMPTY_CHECKSUM, EMPTY_VERITY] : [input.checksum(), input.checksum()];
      return { kind, mode, uid, gid, mtime, mtimeNsec, xattrs, size, checksum, verity };
    }
    case "directory":
      return { kind, mode, uid, gid, mtime, mtimeNsec, xattrs, tree: input.checksum() };
    case "symlink": {
      const target = input.bytes(1, MAX_TARGET);
      if (target.includes("\0")) {
        throw new AtomicError("invalid", `decoding dirtree: the target of ${toText(name)} contains NUL`);
      }
      return { kind, mode, uid, gid, mtime, mtimeNsec, xattrs, target };
    }
    case "character":
    case "block":
      return { kind, mode, uid, gid, mtime, mtimeNsec, xattrs, rdev: input.integer(0, UINT32) };
    case "fifo":
    case "socket":
      return { kind, mode, uid, gid, mtime, mtimeNsec, xattrs };
  }
}

/** A legal file name. @throws AtomicError invalid on empty, `.`, `..`, `/`, NUL or more than 255 bytes */
function checkName(name: ByteString): ByteString {
  if (name === "" || name === "." || name === ".." || /[/\0]/.test(name) || name.length > MAX_NAME) {
    throw new AtomicError("invalid", `reading name ${JSON.stringify(toText(name))}: not a legal file name`);
  }
  return name;
}

function checkTarget(target: ByteString): ByteString {
  if (!target.startsWith("/"))
    throw new AtomicError("invalid", `reading hardlink ${toText(target)}: expected an absolute path`);
  for (const name of target.slice(1).split("/")) checkName(name as ByteString);
  return target;
}
