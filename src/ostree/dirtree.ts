/**
 * The dirtree object: one directory's entries, each with its name, metadata and what it refers to.
 * A directory's own metadata lives in its parent's dirtree (the root's in the commit), so equal subtrees are one
 * object. Layout: docs/formats.md, "dirtree".
 */
import { type ByteString, compareBytes, fromBytes, toBytes, toText } from "../bytes.ts";
import { type Checksum, checksumFromBytes, checksumToBytes } from "../digest.ts";
import { AtomicError } from "../errors.ts";
import { CborFields, decodeCbor, encodeCbor } from "./cbor.ts";
import { inodeFields, takeInodeMeta } from "./inode-cbor.ts";
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
  const names = [...tree.keys()].sort(compareBytes);
  return encodeCbor([FORMAT, names.map((name) => encodeEntry(name, tree.get(name)!))]);
}

function encodeEntry(name: ByteString, entry: DirtreeEntry): unknown[] {
  const head = [toBytes(name), KINDS.indexOf(entry.kind)];
  if (entry.kind === "hardlink") return [...head, toBytes(entry.target)];
  head.push(...(inodeFields(entry) as number[]));
  switch (entry.kind) {
    case "file":
      return entry.size === 0
        ? [...head, 0]
        : [...head, entry.size, checksumToBytes(entry.checksum), checksumToBytes(entry.verity)];
    case "directory":
      return [...head, checksumToBytes(entry.tree)];
    case "symlink":
      return [...head, toBytes(entry.target)];
    case "character":
    case "block":
      return [...head, entry.rdev];
    case "fifo":
    case "socket":
      return head;
  }
}

/**
 * Reads a dirtree from its bytes, which are untrusted.
 * @throws AtomicError invalid on a bad name, order, kind, number or length
 */
export function parseDirtree(bytes: Uint8Array): Dirtree {
  const top = new CborFields(decodeCbor(bytes, "dirtree"), "dirtree");
  top.integer(FORMAT, FORMAT);
  const entries = top.array(MAX_ENTRIES);
  top.end();
  const tree: Dirtree = new Map();
  let previous = "";
  for (const item of entries) {
    const fields = new CborFields(item, "dirtree entry");
    const name = checkName(fromBytes(fields.bytes(1, MAX_NAME)));
    if (name <= previous) throw new AtomicError("invalid", `decoding dirtree: ${toText(name)} is out of order`);
    previous = name;
    tree.set(name, parseEntry(fields, toText(name)));
    fields.end();
  }
  return tree;
}

function parseEntry(fields: CborFields, what: string): DirtreeEntry {
  const kind = KINDS[fields.integer(0, KINDS.length - 1)]!;
  if (kind === "hardlink") return { kind, target: checkTarget(fromBytes(fields.bytes(2, MAX_TARGET))) };
  const meta = takeInodeMeta(fields, what);
  switch (kind) {
    case "file": {
      const size = fields.integer(0, Number.MAX_SAFE_INTEGER);
      if (size === 0) return { kind, ...meta, size, checksum: EMPTY_CHECKSUM, verity: EMPTY_VERITY };
      const checksum = checksumFromBytes(fields.bytes(32, 32));
      return { kind, ...meta, size, checksum, verity: checksumFromBytes(fields.bytes(32, 32)) };
    }
    case "directory":
      return { kind, ...meta, tree: checksumFromBytes(fields.bytes(32, 32)) };
    case "symlink": {
      const target = fromBytes(fields.bytes(1, MAX_TARGET));
      if (target.includes("\0"))
        throw new AtomicError("invalid", `decoding dirtree: the target of ${what} contains NUL`);
      return { kind, ...meta, target };
    }
    case "character":
    case "block":
      return { kind, ...meta, rdev: fields.integer(0, UINT32) };
    case "fifo":
    case "socket":
      return { kind, ...meta };
  }
}

/** A legal file name. @throws AtomicError invalid on empty, `.`, `..`, `/`, NUL or more than 255 bytes */
export function checkName(name: ByteString): ByteString {
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
