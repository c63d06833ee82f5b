/** A bundle: what a web server would offer of a published store, in one file. Layout: docs/formats.md, "bundle". */
import { checksumFromBytes, checksumOf } from "../../digest.ts";
import { AtomicError } from "../../errors.ts";
import { close, fstat, O_NOFOLLOW, O_RDONLY, open, pread } from "../../linux/index.ts";
import { createCborReader } from "../cbor-reader.ts";
import { createCborWriter } from "../cbor-writer.ts";
import { isServed } from "./served-files.ts";
import type { Source } from "./published-source.ts";

/** A file in a bundle: its path as a web server has it, and where its bytes are. */
export interface BundleEntry {
  path: string;
  offset: number;
  size: number;
}

/** What a bundle begins with, and ends with. */
export const MAGIC = Buffer.from("ATMBNDL1");
const FORMAT = 1;
const MAX_ENTRIES = 64;
const MAX_PATH = 200;
const MAX_DIRECTORY = 64 * 1024;
/** BLAKE3 of the directory, its length, and the magic again. */
const TRAILER = 32 + 4 + MAGIC.length;
const CHUNK = 1024 * 1024;

/** What ends a bundle: its directory, and where that is. */
export function encodeBundleEnd(entries: readonly BundleEntry[]): Buffer {
  const out = createCborWriter();
  out.array(1 + 3 * entries.length);
  out.integer(FORMAT);
  for (const { path, offset, size } of entries) {
    out.text(path);
    out.integer(offset);
    out.integer(size);
  }
  const directory = out.finish();
  const length = Buffer.alloc(4);
  length.writeUInt32LE(directory.length);
  return Buffer.concat([directory, Buffer.from(checksumOf(directory), "hex"), length, MAGIC]);
}

/** Opens a bundle to pull from; to be closed. @throws AtomicError invalid, corrupt; KernelError */
export function openBundle(file: string): Source {
  const fd = open(file, O_RDONLY | O_NOFOLLOW);
  let entries: Map<string, BundleEntry>;
  try {
    entries = new Map(readDirectory(fd, file).map((entry) => [entry.path, entry]));
  } catch (error) {
    close(fd);
    throw error;
  }
  const find = (path: string): BundleEntry => {
    const entry = entries.get(path);
    if (entry === undefined) throw new AtomicError("not-found", `reading ${file}: it has no ${path}`);
    return entry;
  };
  return {
    async get(path, { max }) {
      const { offset, size } = find(path);
      if (size > max) throw refuse(file, `expected at most ${max} bytes of ${path}, found ${size}`);
      return { bytes: take(fd, offset, size) };
    },
    async *stream(path, range) {
      const { offset, size } = find(path);
      const end = Math.min(range.offset + range.length, size);
      for (let at = range.offset; at < end; at += CHUNK) yield take(fd, offset + at, Math.min(CHUNK, end - at));
    },
    close: () => close(fd),
  };
}

function readDirectory(fd: number, file: string): BundleEntry[] {
  const total = fstat(fd).size;
  const trailer = take(fd, Math.max(total - TRAILER, 0), TRAILER);
  if (total < MAGIC.length + TRAILER || !trailer.subarray(36).equals(MAGIC)) throw refuse(file, "it is no bundle");
  const length = trailer.readUInt32LE(32);
  const start = total - TRAILER - length;
  if (length > MAX_DIRECTORY || start < MAGIC.length) throw refuse(file, `its directory has ${length} bytes`);
  const bytes = take(fd, start, length);
  const [expected, found] = [checksumFromBytes(trailer.subarray(0, 32)), checksumOf(bytes)];
  if (expected !== found) {
    throw new AtomicError("corrupt", `reading ${file}: its directory should hash to ${expected}, found ${found}`);
  }
  return parseDirectory(bytes, { file, start });
}

/** Entries lie between the magic and the directory, which begins at `start`. */
function parseDirectory(bytes: Uint8Array, { file, start }: { file: string; start: number }): BundleEntry[] {
  const input = createCborReader(bytes, "bundle");
  const items = input.array(1 + 3 * MAX_ENTRIES);
  input.integer(FORMAT, FORMAT);
  const entries: BundleEntry[] = [];
  for (let left = items - 1; left > 0; left -= 3) {
    const path = input.text(MAX_PATH);
    if (!isServed(path)) throw refuse(file, `${JSON.stringify(path)} has no place in it`);
    const offset = input.integer(MAGIC.length, start);
    entries.push({ path, offset, size: input.integer(0, start - offset) });
  }
  input.end();
  return entries;
}

function take(fd: number, at: number, size: number): Buffer {
  const bytes = Buffer.allocUnsafe(size);
  return bytes.subarray(0, pread(fd, bytes, at));
}

function refuse(file: string, why: string): AtomicError {
  return new AtomicError("invalid", `reading ${file}: ${why}`);
}
