/** The commit object: a root dirtree with who, when and why. Layout: docs/formats.md, "commit". */
import { type ByteString, toBytes } from "../bytes.ts";
import { type Checksum, checksumFromBytes } from "../digest.ts";
import { AtomicError } from "../errors.ts";
import { type CborReader, createCborReader } from "./cbor-reader.ts";
import { createCborWriter } from "./cbor-writer.ts";
import { INODE_ITEMS, readInodeMeta, writeInode } from "./inode-cbor.ts";
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
const ITEMS = 11;
const MAX_TEXT = 64 * 1024;
/** Of a metadata value; an image's manifest is one. */
const MAX_VALUE = 4 * 1024 * 1024;
const MAX_METADATA_PAIRS = 1000;
const MAX_TIMESTAMP = 253_402_300_799; // the last second of the year 9999

/** The bytes of a commit; equal commits give equal bytes. */
export function encodeCommit(commit: Commit): Buffer {
  const out = createCborWriter();
  out.array(ITEMS);
  out.integer(FORMAT);
  out.checksum(commit.tree);
  out.array(INODE_ITEMS);
  writeInode(out, commit.root);
  if (commit.parent === undefined) out.bytes("" as ByteString);
  else out.checksum(commit.parent);
  out.integer(commit.timestamp);
  out.text(commit.subject);
  out.text(commit.version ?? "");
  const pairs = Object.entries(commit.metadata).sort(([a], [b]) => (a < b ? -1 : 1));
  out.array(2 * pairs.length);
  for (const text of pairs.flat()) out.text(text);
  out.checksum(commit.image);
  out.integer(commit.files);
  out.integer(commit.bytes);
  return out.finish();
}

/** Reads a commit from its bytes, which are untrusted. @throws AtomicError invalid, unsupported (a newer format) */
export function parseCommit(bytes: Uint8Array): Commit {
  const input = createCborReader(bytes, "commit");
  const items = input.array(ITEMS);
  const format = input.integer(1, 0xffffffff);
  if (format !== FORMAT) {
    throw new AtomicError("unsupported", `reading a commit: expected format ${FORMAT}, found ${format}`, {
      hint: "atomic --version",
    });
  }
  if (items !== ITEMS) throw new AtomicError("invalid", `decoding commit: expected ${ITEMS} items, found ${items}`);
  const tree = input.checksum();
  input.arrayOf(INODE_ITEMS);
  const root = readInodeMeta(input);
  const parent = input.bytes(0, 32);
  const timestamp = input.integer(0, MAX_TIMESTAMP);
  const subject = input.text(MAX_TEXT);
  const version = input.text(MAX_TEXT);
  const metadata = readMetadata(input);
  const image = input.checksum();
  const files = input.integer(0, Number.MAX_SAFE_INTEGER);
  const totalBytes = input.integer(0, Number.MAX_SAFE_INTEGER);
  input.end();
  return {
    tree,
    root,
    ...(parent === "" ? {} : { parent: checksumFromBytes(toBytes(parent)) }),
    timestamp,
    subject,
    ...(version === "" ? {} : { version }),
    metadata,
    image,
    files,
    bytes: totalBytes,
  };
}

function readMetadata(input: CborReader): Record<string, string> {
  const items = input.array(2 * MAX_METADATA_PAIRS);
  if (items % 2 !== 0) throw new AtomicError("invalid", "decoding commit: expected a value for every metadata key");
  const pairs: [string, string][] = [];
  for (let i = 0; i < items; i += 2) {
    const key = input.text(MAX_TEXT);
    if (i > 0 && key <= pairs.at(-1)![0])
      throw new AtomicError("invalid", "decoding commit: metadata keys must be sorted");
    pairs.push([key, input.text(MAX_VALUE)]);
  }
  return Object.fromEntries(pairs);
}
