/** The commit object: a root dirtree with who, when and why. Layout: docs/formats.md, "commit". */
import { type Checksum, checksumFromBytes, checksumToBytes } from "../digest.ts";
import { AtomicError } from "../errors.ts";
import { CborFields, decodeCbor, encodeCbor } from "./cbor.ts";
import { inodeFields, takeInodeMeta } from "./inode-cbor.ts";
import type { InodeMeta } from "./tree.ts";

export interface Commit {
  /** Checksum of the root directory's dirtree. */
  tree: Checksum;
  /** The root directory's own metadata. */
  root: InodeMeta;
  parent?: Checksum;
  /** Seconds since the epoch. */
  timestamp: number;
  subject: string;
  version?: string;
  /** Free-form facts, such as kernel arguments of the image. */
  metadata: Record<string, string>;
  /** fs-verity digest of the mountable image rendered from the tree. */
  image: Checksum;
  /** Regular files, hard links not counted again. */
  files: number;
  /** Sum of their sizes in bytes. */
  bytes: number;
}

const FORMAT = 1;
const MAX_TEXT = 64 * 1024;
const MAX_TIMESTAMP = 253_402_300_799; // the last second of the year 9999

/** The bytes of a commit; equal commits give equal bytes. */
export function encodeCommit(commit: Commit): Buffer {
  return encodeCbor({
    format: FORMAT,
    tree: checksumToBytes(commit.tree),
    root: inodeFields(commit.root),
    ...(commit.parent === undefined ? {} : { parent: checksumToBytes(commit.parent) }),
    timestamp: commit.timestamp,
    subject: commit.subject,
    ...(commit.version === undefined ? {} : { version: commit.version }),
    metadata: commit.metadata,
    image: checksumToBytes(commit.image),
    files: commit.files,
    bytes: commit.bytes,
  });
}

/** Reads a commit from its bytes, which are untrusted. @throws AtomicError invalid, unsupported (a newer format) */
export function parseCommit(bytes: Uint8Array): Commit {
  const map = record(decodeCbor(bytes, "commit"), "commit");
  if (map["format"] !== FORMAT) {
    throw new AtomicError(
      "unsupported",
      `reading a commit: expected format ${FORMAT}, found ${JSON.stringify(map["format"])}`,
    );
  }
  const root = new CborFields(map["root"], "commit root");
  const commit: Commit = {
    tree: digest(map, "tree"),
    root: takeInodeMeta(root, "/"),
    timestamp: integer(map, "timestamp", MAX_TIMESTAMP),
    subject: text(map["subject"], "subject"),
    metadata: Object.fromEntries(
      Object.entries(record(map["metadata"], "commit metadata")).map(([key, value]) => [key, text(value, key)]),
    ),
    image: digest(map, "image"),
    files: integer(map, "files", Number.MAX_SAFE_INTEGER),
    bytes: integer(map, "bytes", Number.MAX_SAFE_INTEGER),
  };
  root.end();
  if ("parent" in map) commit.parent = digest(map, "parent");
  if ("version" in map) commit.version = text(map["version"], "version");
  return commit;
}

function record(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value) || value instanceof Uint8Array) {
    throw new AtomicError("invalid", `decoding ${what}: expected a map`);
  }
  return value as Record<string, unknown>;
}

function digest(map: Record<string, unknown>, key: string): Checksum {
  const value = map[key];
  if (!(value instanceof Uint8Array)) throw new AtomicError("invalid", `decoding commit: ${key}: expected 32 bytes`);
  return checksumFromBytes(value);
}

function integer(map: Record<string, unknown>, key: string, max: number): number {
  const value = map[key];
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0 || value > max) {
    throw new AtomicError("invalid", `decoding commit: ${key}: expected an integer in 0 … ${max}`);
  }
  return value;
}

function text(value: unknown, key: string): string {
  if (typeof value !== "string" || value.length > MAX_TEXT) {
    throw new AtomicError("invalid", `decoding commit: ${key}: expected text of at most ${MAX_TEXT} characters`);
  }
  return value;
}
