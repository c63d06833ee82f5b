/** The `summary` of an OSTree repository: its refs in one file, `(a(s(taya{sv}))a{sv})`. */
import { dictType } from "./commit.ts";
import { array, byteArray, decodeVariant, encodeVariant, text, tuple, uint64Little, type Variant } from "./gvariant.ts";
import { NUMBER, pairOf, TEXT, valueOf } from "./metadata-value.ts";
import { type Sha256, sha256FromBytes, sha256ToBytes } from "./sha256.ts";

export interface SummaryRef {
  checksum: Sha256;
  /** Of the commit object. Bytes. */
  size: number;
  /** Of the commit, in seconds since the epoch. */
  timestamp?: number;
  version?: string;
}
export interface Summary {
  refs: Map<string, SummaryRef>;
  /** Seconds since the epoch after which nobody should believe it. */
  expires?: number;
  /** Seconds since the epoch. */
  modified?: number;
}

// The size is the one number of OSTree that is not kept big-endian.
const TYPE = tuple(array(tuple(text, tuple(uint64Little, byteArray, dictType))), dictType);
const WHAT = "summary";
const TIMESTAMP = "ostree.commit.timestamp";
const VERSION = "ostree.commit.version";
const EXPIRES = "ostree.summary.expires";
const MODIFIED = "ostree.summary.last-modified";
/** Far above that of any real repository. Bytes. */
export const MAX_SUMMARY = 32 * 1024 * 1024;

/** The bytes of a summary, refs sorted by name. */
export function encodeSummary({ refs, expires, modified }: Summary): Buffer {
  const sorted = [...refs].sort(([a], [b]) => (a < b ? -1 : 1));
  return encodeVariant(TYPE, [
    sorted.map(([name, { checksum, size, timestamp, version }]) => [
      name,
      [size, sha256ToBytes(checksum), [...pairOf(TIMESTAMP, timestamp, NUMBER), ...pairOf(VERSION, version, TEXT)]],
    ]),
    [...pairOf(EXPIRES, expires, NUMBER), ...pairOf(MODIFIED, modified, NUMBER)],
  ]);
}

/** Reads a summary, which is untrusted; what it says beyond these fields is left out. @throws AtomicError invalid */
export function parseSummary(bytes: Uint8Array): Summary {
  const [refs, facts] = decodeVariant(TYPE, bytes, WHAT);
  const about = new Map(facts);
  const expires = valueOf(about, EXPIRES, NUMBER);
  const modified = valueOf(about, MODIFIED, NUMBER);
  return {
    refs: new Map(refs.map(([name, [size, checksum, details]]) => [name, refOf(size, checksum, new Map(details))])),
    ...(expires === undefined ? {} : { expires }),
    ...(modified === undefined ? {} : { modified }),
  };
}

function refOf(size: number, checksum: Buffer, details: ReadonlyMap<string, Variant>): SummaryRef {
  const timestamp = valueOf(details, TIMESTAMP, NUMBER);
  const version = valueOf(details, VERSION, TEXT);
  return {
    checksum: sha256FromBytes(checksum, WHAT),
    size,
    ...(timestamp === undefined ? {} : { timestamp }),
    ...(version === undefined ? {} : { version }),
  };
}
