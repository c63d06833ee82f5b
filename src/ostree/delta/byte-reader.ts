/** Reading the streams of a delta, which are untrusted: nothing is read past the end, every number is bounded. */
import { AtomicError } from "../../errors.ts";

/** Each method takes what comes next. @throws AtomicError invalid when there is too little, or it is out of bounds */
export interface ByteReader {
  byte(): number;
  /** A number of `ByteWriter.varint`, at most `max`. */
  varint(max: number): number;
  /** A number of `ByteWriter.signed`, in -max … max. */
  signed(max: number): number;
  /** The next `length` bytes, not copied. */
  bytes(length: number): Uint8Array;
  /** All that follows, not copied and not taken. */
  rest(): Uint8Array;
  /** Nothing may follow. */
  end(): void;
}

/** Factors of the seven-bit groups of a safe integer. */
const MAX_FACTOR = 2 ** 49;

/** A reader of `input`; messages name `what`. */
export function createByteReader(input: Uint8Array, what: string): ByteReader {
  let at = 0;
  const refuse = (why: string): AtomicError => new AtomicError("invalid", `reading ${what}: byte ${at}: ${why}`);

  function varint(max: number): number {
    let value = 0;
    for (let factor = 1; factor <= MAX_FACTOR; factor *= 0x80) {
      const byte = input[at++];
      if (byte === undefined) throw refuse("expected a number, found the end");
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) {
        if (value > max) throw refuse(`expected a number of at most ${max}, found ${value}`);
        return value;
      }
    }
    throw refuse("expected a number, found one too long");
  }

  return {
    byte() {
      const value = input[at];
      if (value === undefined) throw refuse("expected a byte, found the end");
      at += 1;
      return value;
    },
    varint,
    signed(max) {
      const value = varint(2 * max);
      return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    },
    bytes(length) {
      if (length > input.length - at) throw refuse(`expected ${length} bytes, found ${input.length - at}`);
      at += length;
      return input.subarray(at - length, at);
    },
    rest: () => input.subarray(at),
    end() {
      if (at !== input.length) throw refuse("expected the end");
    },
  };
}
