/** `summary`: the one small file that says what a published store offers. Layout: docs/formats.md, "summary". */
import { type Checksum, parseChecksum } from "../../digest.ts";
import { AtomicError, isAtomicError } from "../../errors.ts";
import { parseRefName, type RefName } from "../ref.ts";
import { formatSignatures, parseSignatures, type Signature } from "./signature.ts";

export interface PublishedRef {
  ref: RefName;
  commit: Checksum;
  /** Of the commit, in seconds since the epoch. */
  timestamp: number;
  version?: string;
  /** Of the commit's bytes. */
  signatures: Signature[];
  /** Packs that hold all it needs between them, newest first. */
  packs: Checksum[];
}
export interface PublishedPack {
  name: Checksum;
  /** Bytes of its index and of the pack itself. */
  index: number;
  pack: number;
}
export interface PublishedDelta {
  from: Checksum;
  to: Checksum;
  /** Bytes of the file. */
  size: number;
  checksum: Checksum;
}
export interface Summary {
  /** When it was made, in seconds since the epoch; it never goes back. */
  timestamp: number;
  refs: PublishedRef[];
  packs: PublishedPack[];
  deltas: PublishedDelta[];
}
export interface SignedSummary {
  summary: Summary;
  /** What the signatures are over. */
  body: Buffer;
  signatures: Signature[];
}

export const MAX_SUMMARY = 4 * 1024 * 1024;
/** Far more than a publisher has reason to make. */
export const MAX_DELTAS = 1024;
const MAGIC = "atomic-summary 1\n";
const FORMAT = 1;
const MAX_VERSION = 1024;

/** The part of the file that is signed. */
export function summaryBody({ timestamp, refs, packs, deltas }: Summary): Buffer {
  const shown = refs.map(({ signatures, ...ref }) => ({ ...ref, signatures: formatSignatures(signatures) }));
  return Buffer.from(`${JSON.stringify({ format: FORMAT, timestamp, refs: shown, packs, deltas })}\n`);
}

/** The bytes of the file. */
export function formatSummary(body: Buffer, signatures: readonly Signature[]): Buffer {
  return Buffer.concat([Buffer.from(`${MAGIC}${formatSignatures(signatures)}\n`), body]);
}

/** Reads the file, which is untrusted; the signatures are not checked. @throws AtomicError invalid, unsupported */
export function parseSummary(bytes: Buffer): SignedSummary {
  const head = bytes.indexOf("\n\n") + 1;
  if (head === 0 || !bytes.subarray(0, MAGIC.length).equals(Buffer.from(MAGIC))) {
    throw refuse("it is none, or of a newer format");
  }
  const signatures = parseSignatures(bytes.toString("utf8", MAGIC.length, head), "the summary");
  const body = bytes.subarray(head + 1);
  let value: unknown;
  try {
    value = JSON.parse(body.toString("utf8"));
  } catch (cause) {
    throw refuse("not JSON", cause);
  }
  try {
    return { summary: readSummary(value), body, signatures };
  } catch (cause) {
    if (isAtomicError(cause, "unsupported")) throw cause;
    throw isAtomicError(cause) ? refuse(cause.message, cause) : cause;
  }
}

function readSummary(value: unknown): Summary {
  const { format, timestamp, refs, packs, deltas = [] } = object(value);
  if (typeof format === "number" && format > FORMAT)
    throw new AtomicError("unsupported", `reading a summary: expected format ${FORMAT}, found ${format}`);
  const summary: Summary = {
    timestamp: count(timestamp),
    refs: list(refs).map(readRef),
    packs: list(packs).map((item) => {
      const { name, index, pack } = object(item);
      return { name: parseChecksum(text(name)), index: count(index), pack: count(pack) };
    }),
    deltas: list(deltas).map(readDelta),
  };
  if (summary.deltas.length > MAX_DELTAS) throw refuse(`expected at most ${MAX_DELTAS} deltas`);
  const known = new Set(summary.packs.map(({ name }) => name));
  if (!summary.refs.every((ref) => ref.packs.every((name) => known.has(name))))
    throw refuse("a ref names an unknown pack");
  return summary;
}

function readRef(value: unknown): PublishedRef {
  const { ref, commit, timestamp, version, signatures, packs } = object(value);
  const shown = version === undefined ? undefined : text(version);
  if (shown !== undefined && shown.length > MAX_VERSION) throw refuse("a version is too long");
  return {
    ref: parseRefName(text(ref)),
    commit: parseChecksum(text(commit)),
    timestamp: count(timestamp),
    ...(shown === undefined ? {} : { version: shown }),
    signatures: parseSignatures(text(signatures), text(ref)),
    packs: list(packs).map((name) => parseChecksum(text(name))),
  };
}

function readDelta(value: unknown): PublishedDelta {
  const { from, to, size, checksum } = object(value);
  return {
    from: parseChecksum(text(from)),
    to: parseChecksum(text(to)),
    size: count(size),
    checksum: parseChecksum(text(checksum)),
  };
}

function object(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null) throw refuse("expected an object");
  return value as Record<string, unknown>;
}
function list(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw refuse("expected a list");
  return value;
}
function text(value: unknown): string {
  if (typeof value !== "string") throw refuse("expected text");
  return value;
}
function count(value: unknown): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw refuse("expected a number");
  return value as number;
}
function refuse(why: string, cause?: unknown): AtomicError {
  return new AtomicError("invalid", `reading a summary: ${why}`, { cause });
}
