/**
 * The head of a delta file: which commits it leads between, and where each part lies with its checksum, so that a
 * part can be fetched, resumed and checked by itself. Layout: docs/formats.md, "delta".
 */
import { type Checksum, checksumFromBytes, checksumOf, checksumToBytes } from "../../digest.ts";
import { AtomicError } from "../../errors.ts";
import { createCborReader } from "../cbor-reader.ts";
import { createCborWriter } from "../cbor-writer.ts";
import { eachStream, type Streams, STREAMS } from "./streams.ts";

export interface DeltaHead {
  /** The commit whose objects the delta needs, and the one it makes. */
  from: Checksum;
  to: Checksum;
  /** Bytes of the objects it makes, and how many there are. */
  bytes: number;
  objects: number;
  /** The table of objects, compressed. */
  table: DeltaBlock;
  /** They follow the table, in this order. */
  parts: DeltaPart[];
}
/** A run of compressed bytes in the file. */
export interface DeltaBlock {
  /** Bytes in the file. */
  size: number;
  /** Bytes when decompressed. */
  rawSize: number;
  /** Of the bytes in the file. */
  checksum: Checksum;
}
export interface DeltaPart {
  /** How many objects of the table it makes. */
  objects: number;
  /** The part's streams, one after the other. */
  streams: Streams<DeltaBlock>;
}

const MAGIC = Buffer.from("ATMDELT1");
const FORMAT = 2;
const LENGTH_AT = MAGIC.length;
/** Magic and length. */
export const PREAMBLE_BYTES = LENGTH_AT + 4;
const DIGEST_BYTES = 32;
const MAX_HEAD_BYTES = 4 * 1024 * 1024;
const MAX_PARTS = 10_000;
const MAX_OBJECTS = 1_500_000;
/** The most a stream or the table may decompress to. */
const MAX_RAW_BYTES = 256 * 1024 * 1024;
/** zstd stores what it cannot compress with a few bytes more. */
const MAX_STORED_BYTES = MAX_RAW_BYTES + 1024 * 1024;

/** The bytes that begin a delta file. */
export function encodeDeltaHead(head: DeltaHead): Buffer {
  const out = createCborWriter();
  const block = ({ size, rawSize, checksum }: DeltaBlock): void => {
    out.integer(size);
    out.integer(rawSize);
    out.checksum(checksum);
  };
  out.array(7);
  out.integer(FORMAT);
  out.checksum(head.from);
  out.checksum(head.to);
  out.integer(head.bytes);
  out.integer(head.objects);
  out.array(3);
  block(head.table);
  out.array(head.parts.length);
  for (const { objects, streams } of head.parts) {
    out.array(1 + 3 * STREAMS.length);
    out.integer(objects);
    for (const name of STREAMS) block(streams[name]);
  }
  const body = out.finish();
  const preamble = Buffer.alloc(PREAMBLE_BYTES);
  MAGIC.copy(preamble);
  preamble.writeUInt32LE(body.length + DIGEST_BYTES, LENGTH_AT);
  const bytes = Buffer.concat([preamble, body]);
  return Buffer.concat([bytes, checksumToBytes(checksumOf(bytes))]);
}

/**
 * How many bytes the head has, from the first `PREAMBLE_BYTES` of a file.
 * @throws AtomicError invalid when it is no delta
 */
export function deltaHeadBytes(preamble: Uint8Array): number {
  const bytes = Buffer.from(preamble.buffer, preamble.byteOffset, preamble.byteLength);
  if (bytes.length < PREAMBLE_BYTES || !bytes.subarray(0, LENGTH_AT).equals(MAGIC)) {
    throw new AtomicError("invalid", "reading a delta: the file does not begin like one");
  }
  const length = bytes.readUInt32LE(LENGTH_AT);
  if (length <= DIGEST_BYTES || length > MAX_HEAD_BYTES) {
    throw new AtomicError(
      "invalid",
      `reading a delta: expected a head of at most ${MAX_HEAD_BYTES} bytes, found ${length}`,
    );
  }
  return PREAMBLE_BYTES + length;
}

/**
 * Reads the head, which is untrusted, from the bytes that begin a delta file.
 * @throws AtomicError invalid (no delta, or out of bounds), corrupt (its checksum differs)
 */
export function parseDeltaHead(bytes: Uint8Array): DeltaHead {
  const length = deltaHeadBytes(bytes.subarray(0, PREAMBLE_BYTES));
  if (bytes.length < length) throw new AtomicError("invalid", "reading a delta: the head is cut short");
  const signed = bytes.subarray(0, length - DIGEST_BYTES);
  const expected = checksumFromBytes(bytes.subarray(length - DIGEST_BYTES, length));
  const found = checksumOf(signed);
  if (found !== expected) {
    throw new AtomicError("corrupt", `reading a delta: its head should hash to ${expected}, found ${found}`);
  }
  const input = createCborReader(signed.subarray(PREAMBLE_BYTES), "delta");
  const block = (): DeltaBlock => ({
    size: input.integer(0, MAX_STORED_BYTES),
    rawSize: input.integer(0, MAX_RAW_BYTES),
    checksum: input.checksum(),
  });
  input.arrayOf(7);
  input.integer(FORMAT, FORMAT);
  const head: DeltaHead = {
    from: input.checksum(),
    to: input.checksum(),
    bytes: input.integer(0, Number.MAX_SAFE_INTEGER),
    objects: input.integer(0, MAX_OBJECTS),
    table: (input.arrayOf(3), block()),
    parts: [],
  };
  for (let left = input.array(MAX_PARTS); left > 0; left--) {
    input.arrayOf(1 + 3 * STREAMS.length);
    head.parts.push({ objects: input.integer(0, MAX_OBJECTS), streams: eachStream(block) });
  }
  input.end();
  const objects = head.parts.reduce((sum, part) => sum + part.objects, 0);
  if (objects !== head.objects) {
    throw new AtomicError("invalid", `reading a delta: expected ${head.objects} objects, its parts have ${objects}`);
  }
  return head;
}

/** Everything that follows the head, in the order of the file. */
export function deltaBlocks(head: DeltaHead): DeltaBlock[] {
  return [head.table, ...head.parts.flatMap(({ streams }) => STREAMS.map((name) => streams[name]))];
}
