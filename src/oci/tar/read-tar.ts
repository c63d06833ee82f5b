/**
 * Reading a tar stream: entries as they come, nothing is ever extracted.
 *
 * Understands ustar, PAX and GNU's long names and binary numbers. Sparse files and archives over several volumes are
 * refused (docs/decisions/0023-own-tar-reader.md).
 */
import { type ByteString, compareBytes, fromBytes, toText } from "../../bytes.ts";
import { AtomicError } from "../../errors.ts";
import type { Xattr } from "../../ostree/index.ts";
import { BLOCK, parseTarHeader, type TarHeader } from "./header.ts";
import { parsePax, parsePaxNumber, parsePaxTime, type PaxRecords } from "./pax.ts";

export type TarType = "file" | "hardlink" | "symlink" | "character" | "block" | "directory" | "fifo";

/** An entry as the archive has it: names and targets are unchecked. */
export interface TarEntry {
  name: ByteString;
  type: TarType;
  mode: number;
  uid: number;
  gid: number;
  /** Bytes of content; 0 unless it is a file. */
  size: number;
  mtime: number;
  mtimeNsec: number;
  /** Where a hard link or symlink leads. */
  target: ByteString;
  major: number;
  minor: number;
  xattrs: Xattr[];
  /** Where its content is, in bytes from the start of the archive. */
  contentAt: number;
}

/** Takes the content of a file, in pieces that are only valid during the call. */
export interface TarContent {
  write(chunk: Uint8Array): void;
  end(): void;
}

export interface TarReader {
  /** Takes the next bytes of the archive. @throws AtomicError invalid, unsupported, and what the visitor throws */
  write(chunk: Uint8Array): void;
  /** The archive is complete. @throws AtomicError invalid when it is cut short */
  end(): void;
}

const TYPES: Readonly<Record<string, TarType>> = {
  "0": "file",
  "7": "file",
  "1": "hardlink",
  "2": "symlink",
  "3": "character",
  "4": "block",
  "5": "directory",
  "6": "fifo",
};
/** Bytes of PAX records or of a long name. The kernel's limits are 64 KiB for an xattr, 4 KiB for a path. */
const MAX_META = 1024 * 1024;
const XATTR = "SCHILY.xattr.";
/** What a header for all later entries may say; anything else would change them unseen. */
const HARMLESS = /^comment$/;

/**
 * @param visit called for each entry in turn; takes the content of a file, or leaves it by returning undefined
 */
export function createTarReader(visit: (entry: TarEntry) => TarContent | undefined): TarReader {
  const header = Buffer.alloc(BLOCK);
  let filled = 0;
  let name = "" as ByteString;
  let content: TarContent | undefined;
  let left = 0;
  let padding = 0;
  let zeroBlocks = 0;
  /** Bytes of earlier pieces. */
  let base = 0;
  let position = 0;
  let pending: Pending = {};

  function takeHeader(block: Uint8Array): void {
    if (block[0] === 0 && block.every((byte) => byte === 0)) {
      zeroBlocks += 1;
      return;
    }
    if (zeroBlocks > 0)
      throw new AtomicError("invalid", `reading a tar archive: a lone block of zeros after ${toText(name)}`);
    const parsed = parseTarHeader(block);
    const gather = metaSink(parsed, pending);
    if (gather !== undefined) {
      begin(parsed.size, gather);
      return;
    }
    const entry = { ...completeEntry(parsed, pending), contentAt: position };
    pending = {};
    name = entry.name;
    begin(entry.size, visit(entry));
  }
  function begin(size: number, sink: TarContent | undefined): void {
    content = sink;
    left = size;
    padding = (BLOCK - (size % BLOCK)) % BLOCK;
    if (left === 0) finish();
  }
  function finish(): void {
    const done = content;
    content = undefined;
    done?.end();
  }

  return {
    write(chunk) {
      for (let at = 0; at < chunk.length && zeroBlocks < 2;) {
        const rest = chunk.length - at;
        if (left > 0) {
          const taken = Math.min(left, rest);
          content?.write(chunk.subarray(at, at + taken));
          left -= taken;
          at += taken;
          if (left === 0) finish();
        } else if (padding > 0) {
          const skipped = Math.min(padding, rest);
          padding -= skipped;
          at += skipped;
        } else if (filled === 0 && rest >= BLOCK) {
          position = base + at + BLOCK;
          takeHeader(chunk.subarray(at, at + BLOCK));
          at += BLOCK;
        } else {
          const taken = Math.min(BLOCK - filled, rest);
          header.set(chunk.subarray(at, at + taken), filled);
          filled += taken;
          at += taken;
          if (filled < BLOCK) continue;
          filled = 0;
          position = base + at;
          takeHeader(header);
        }
      }
      base += chunk.length;
    },
    end() {
      if (left > 0 || filled > 0 || (padding > 0 && zeroBlocks < 2))
        throw new AtomicError(
          "invalid",
          `reading a tar archive: it ends in the middle of ${toText(name) || "a header"}`,
        );
    },
  };
}

/** What the headers before an entry said of it. */
interface Pending {
  pax?: PaxRecords;
  longName?: ByteString;
  longTarget?: ByteString;
}

/** Takes the content of a header that only describes the next entry; undefined for an entry. */
function metaSink({ flag, size, name }: TarHeader, pending: Pending): TarContent | undefined {
  const keep = META[flag];
  if (keep === undefined) return undefined;
  if (size > MAX_META)
    throw new AtomicError("invalid", `reading the tar header of ${toText(name)}: ${size} bytes of attributes`);
  const chunks: Uint8Array[] = [];
  return {
    write: (chunk) => void chunks.push(chunk.slice()),
    end: () => keep(Buffer.concat(chunks), pending),
  };
}

const META: Readonly<Record<string, (bytes: Buffer, pending: Pending) => void>> = {
  x: (bytes, pending) => void (pending.pax = parsePax(bytes)),
  L: (bytes, pending) => void (pending.longName = untilNul(bytes)),
  K: (bytes, pending) => void (pending.longTarget = untilNul(bytes)),
  g(bytes) {
    const key = [...parsePax(bytes).keys()].find((name) => !HARMLESS.test(name));
    if (key !== undefined)
      throw new AtomicError("unsupported", `reading a tar archive: a global header that sets ${JSON.stringify(key)}`);
  },
};

function untilNul(bytes: Buffer): ByteString {
  const end = bytes.indexOf(0);
  return fromBytes(end === -1 ? bytes : bytes.subarray(0, end));
}

function completeEntry(
  header: TarHeader,
  { pax = new Map(), longName, longTarget }: Pending,
): Omit<TarEntry, "contentAt"> {
  const name = pax.get("path") ?? longName ?? header.name;
  const sparse = [...pax.keys()].some((key) => key.startsWith("GNU.sparse."));
  if (sparse || header.flag === "S")
    throw new AtomicError("unsupported", `reading a tar archive: ${toText(name)} is stored as a sparse file`);
  const listed = TYPES[header.flag];
  if (listed === undefined)
    throw new AtomicError(
      "unsupported",
      `reading a tar archive: ${toText(name)} is of type ${JSON.stringify(header.flag)}`,
    );
  // Before ustar a directory was a file whose name ends with a slash.
  const type = listed === "file" && name.endsWith("/") ? "directory" : listed;
  const number = (key: string, value: number) => (pax.has(key) ? parsePaxNumber(pax.get(key)!) : value);
  const time = pax.get("mtime");
  return {
    name,
    type,
    mode: header.mode,
    uid: number("uid", header.uid),
    gid: number("gid", header.gid),
    size: type === "file" ? number("size", header.size) : 0,
    ...(time === undefined ? { mtime: header.mtime, mtimeNsec: 0 } : parsePaxTime(time)),
    target: pax.get("linkpath") ?? longTarget ?? header.linkname,
    major: header.major,
    minor: header.minor,
    xattrs: xattrsOf(pax),
  };
}

function xattrsOf(pax: PaxRecords): Xattr[] {
  const found: Xattr[] = [];
  for (const [key, value] of pax) {
    if (key.startsWith(XATTR)) found.push({ name: key.slice(XATTR.length) as ByteString, value });
  }
  return found.sort((a, b) => compareBytes(a.name, b.name));
}
