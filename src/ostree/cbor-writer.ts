/**
 * Writing deterministic CBOR (RFC 8949 §4.2): definite lengths, shortest integers. Only what dirtrees and commits need;
 * docs/decisions/0006-own-cbor.md says why no library does it.
 */
import type { ByteString } from "../bytes.ts";
import type { Checksum } from "../digest.ts";

const MAJOR = { unsigned: 0, negative: 1, bytes: 2, text: 3, array: 4 } as const;
const MAX_HEAD = 9;
const DIGEST_BYTES = 32;

export interface CborWriter {
  /** A safe integer of either sign. */
  integer(value: number): void;
  bytes(value: ByteString): void;
  /** A checksum as its 32 bytes. */
  checksum(value: Checksum): void;
  text(value: string): void;
  /** The head of an array; its `length` items follow. */
  array(length: number): void;
  /** Everything written so far. */
  finish(): Buffer;
}

/** A writer whose items follow one another in one growing buffer. */
export function createCborWriter(): CborWriter {
  let buffer = Buffer.allocUnsafe(4096);
  let at = 0;

  function reserve(bytes: number): void {
    if (at + bytes <= buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(2 * buffer.length, at + bytes));
    buffer.copy(larger, 0, 0, at);
    buffer = larger;
  }
  function head(major: number, value: number): void {
    reserve(MAX_HEAD);
    const type = major << 5;
    if (value < 24) {
      buffer[at++] = type | value;
    } else if (value <= 0xff) {
      buffer[at++] = type | 24;
      buffer[at++] = value;
    } else if (value <= 0xffff) {
      buffer[at++] = type | 25;
      at = buffer.writeUInt16BE(value, at);
    } else if (value <= 0xffffffff) {
      buffer[at++] = type | 26;
      at = buffer.writeUInt32BE(value, at);
    } else {
      buffer[at++] = type | 27;
      at = buffer.writeUInt32BE(Math.floor(value / 2 ** 32), at);
      at = buffer.writeUInt32BE(value % 2 ** 32, at);
    }
  }

  return {
    integer: (value) => (value < 0 ? head(MAJOR.negative, -1 - value) : head(MAJOR.unsigned, value)),
    bytes(value) {
      head(MAJOR.bytes, value.length);
      reserve(value.length);
      at += buffer.write(value, at, "latin1");
    },
    checksum(value) {
      head(MAJOR.bytes, DIGEST_BYTES);
      reserve(DIGEST_BYTES);
      at += buffer.write(value, at, "hex");
    },
    text(value) {
      const length = Buffer.byteLength(value);
      head(MAJOR.text, length);
      reserve(length);
      at += buffer.write(value, at, "utf8");
    },
    array: (length) => head(MAJOR.array, length),
    finish: () => buffer.subarray(0, at),
  };
}
