/** A growing run of bytes: what the streams of a delta are written with. */

export interface ByteWriter {
  byte(value: number): void;
  /** A number in 0 … 2^53 - 1, seven bits a byte, lowest first; the last byte has its top bit clear (LEB128). */
  varint(value: number): void;
  /** A number of either sign: 0, -1, 1, -2, … as 0, 1, 2, 3, … */
  signed(value: number): void;
  bytes(value: Uint8Array): void;
  /** Everything written so far; valid until the next write. */
  finish(): Uint8Array;
}

const MAX_VARINT = 8;
const FIRST_CAPACITY = 1024;

export function createByteWriter(): ByteWriter {
  let buffer = new Uint8Array(FIRST_CAPACITY);
  let at = 0;

  function reserve(length: number): void {
    if (at + length <= buffer.length) return;
    const larger = new Uint8Array(Math.max(2 * buffer.length, at + length));
    larger.set(buffer.subarray(0, at));
    buffer = larger;
  }
  function varint(value: number): void {
    reserve(MAX_VARINT);
    let rest = value;
    while (rest >= 0x80) {
      buffer[at++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    buffer[at++] = rest;
  }

  return {
    byte(value) {
      if (at === buffer.length) reserve(1);
      buffer[at++] = value;
    },
    varint,
    signed: (value) => varint(value < 0 ? -2 * value - 1 : 2 * value),
    bytes(value) {
      reserve(value.length);
      buffer.set(value, at);
      at += value.length;
    },
    finish: () => buffer.subarray(0, at),
  };
}
