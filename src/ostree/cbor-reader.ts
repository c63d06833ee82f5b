/**
 * Reading deterministic CBOR from untrusted bytes: whatever `cbor-writer.ts` would not have written is refused.
 * Every value is bounded by its caller, and nothing is allocated for a length before the bytes are there.
 */
import type { ByteString } from "../bytes.ts";
import type { Checksum } from "../digest.ts";
import { AtomicError } from "../errors.ts";

/** The largest metadata object accepted; a directory of half a million names stays below it. */
export const MAX_METADATA_BYTES = 64 * 1024 * 1024;

/** Each method takes the next item. @throws AtomicError invalid when it is anything else or out of bounds */
export interface CborReader {
  integer(min: number, max: number): number;
  /** A byte string of `min` … `max` bytes. */
  bytes(min: number, max: number): ByteString;
  checksum(): Checksum;
  /** Valid UTF-8 of at most `max` bytes. */
  text(max: number): string;
  /** The head of an array of at most `max` items; returns their number. */
  array(max: number): number;
  /** The head of an array of exactly `length` items. */
  arrayOf(length: number): void;
  /** Nothing may follow. */
  end(): void;
}

const MAJOR = { unsigned: 0, negative: 1, bytes: 2, text: 3, array: 4 } as const;
const LENGTH_BYTES: Readonly<Record<number, number>> = { 24: 1, 25: 2, 26: 4, 27: 8 };

/** A reader of `bytes`; messages name `what`. @throws AtomicError invalid when there are too many bytes */
export function createCborReader(bytes: Uint8Array, what: string): CborReader {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const refuse = (why: string): AtomicError => new AtomicError("invalid", `decoding ${what}: byte ${at}: ${why}`);
  if (bytes.length > MAX_METADATA_BYTES)
    throw refuse(`expected at most ${MAX_METADATA_BYTES} bytes, found ${bytes.length}`);

  /** The argument of the next head, which must be of `major` and in shortest form. */
  function head(major: number, expected: string): number {
    const first = buffer[at];
    if (first === undefined || first >> 5 !== major) throw refuse(`expected ${expected}`);
    const info = first & 31;
    at += 1;
    if (info < 24) return info;
    const length = LENGTH_BYTES[info];
    if (length === undefined || at + length > buffer.length) throw refuse(`expected ${expected}`);
    const value =
      length === 8 ? buffer.readUInt32BE(at) * 2 ** 32 + buffer.readUInt32BE(at + 4) : buffer.readUIntBE(at, length);
    const least = length === 1 ? 24 : 2 ** (4 * length);
    if (value < least || value > Number.MAX_SAFE_INTEGER) throw refuse("expected the shortest form of an integer");
    at += length;
    return value;
  }
  function take(length: number, expected: string): number {
    if (at + length > buffer.length) throw refuse(`expected ${expected}, found the end`);
    at += length;
    return at - length;
  }

  return {
    integer(min, max) {
      const expected = `an integer in ${min} … ${max}`;
      const isNegative = min < 0 && (buffer[at] ?? 0) >> 5 === MAJOR.negative;
      const value = isNegative ? -1 - head(MAJOR.negative, expected) : head(MAJOR.unsigned, expected);
      if (value < min || value > max) throw refuse(`expected ${expected}, found ${value}`);
      return value;
    },
    bytes(min, max) {
      const length = head(MAJOR.bytes, "bytes");
      if (length < min || length > max) throw refuse(`expected ${min} … ${max} bytes, found ${length}`);
      const start = take(length, "bytes");
      return buffer.toString("latin1", start, at) as ByteString;
    },
    checksum() {
      if (head(MAJOR.bytes, "a checksum") !== 32) throw refuse("expected a checksum of 32 bytes");
      const start = take(32, "a checksum");
      return buffer.toString("hex", start, at) as Checksum;
    },
    text(max) {
      const length = head(MAJOR.text, "text");
      if (length > max) throw refuse(`expected at most ${max} bytes of text, found ${length}`);
      const start = take(length, "text");
      const value = buffer.toString("utf8", start, at);
      if (!Buffer.from(value).equals(buffer.subarray(start, at))) throw refuse("expected UTF-8");
      return value;
    },
    array(max) {
      const length = head(MAJOR.array, "an array");
      if (length > max) throw refuse(`expected at most ${max} items, found ${length}`);
      return length;
    },
    arrayOf(length) {
      const found = head(MAJOR.array, "an array");
      if (found !== length) throw refuse(`expected ${length} items, found ${found}`);
    },
    end() {
      if (at !== buffer.length) throw refuse("expected the end");
    },
  };
}
