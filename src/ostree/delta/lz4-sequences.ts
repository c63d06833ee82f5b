/** The LZ4 block format (lz4_Block_format.md): sequences of literals and a match, the last of literals only. */
import { AtomicError } from "../../errors.ts";

/** Shortest match the format can express. */
export const MIN_MATCH = 4;
const NIBBLE = 15;
const MAX_BYTE = 255;

/** A block being written; the sequences' literals are taken from `source`. */
export interface BlockWriter {
  /** `length` bytes of a match `distance` back follow the literals that reach up to `at`. */
  match(at: number, length: number, distance: number): void;
  /** The rest of the source is literals. Returns the block. */
  finish(): Uint8Array;
}

export function createBlockWriter(source: Uint8Array): BlockWriter {
  const out = new Uint8Array(source.length + Math.floor(source.length / MAX_BYTE) + 16);
  let written = 0;
  let anchor = 0;

  function more(length: number): void {
    let rest = length - NIBBLE;
    for (; rest >= MAX_BYTE; rest -= MAX_BYTE) out[written++] = MAX_BYTE;
    out[written++] = rest;
  }
  function literals(end: number, matchNibble: number): void {
    const length = end - anchor;
    out[written++] = (Math.min(length, NIBBLE) << 4) | matchNibble;
    if (length >= NIBBLE) more(length);
    for (let i = anchor; i < end; i++) out[written++] = source[i]!;
  }

  return {
    match(at, length, distance) {
      const extra = length - MIN_MATCH;
      literals(at, Math.min(extra, NIBBLE));
      out[written++] = distance & 0xff;
      out[written++] = distance >>> 8;
      if (extra >= NIBBLE) more(extra);
      anchor = at + length;
    },
    finish() {
      literals(source.length, 0);
      return out.subarray(0, written);
    },
  };
}

/**
 * Decodes a block, which is untrusted, into `out` from `start` on, where no match reaches before `start`.
 * @returns the end of what was written
 * @throws AtomicError invalid when it is no block, or has more bytes than `out`
 */
export function decodeBlock(block: Uint8Array, out: Uint8Array, start: number): number {
  let read = 0;
  let at = start;
  const refuse = (): AtomicError => new AtomicError("invalid", `decoding an LZ4 block: byte ${read} makes no sense`);
  const lengthOf = (nibble: number): number => {
    let length = nibble;
    if (nibble < NIBBLE) return length;
    for (;;) {
      const byte = block[read++];
      if (byte === undefined) throw refuse();
      length += byte;
      if (byte < MAX_BYTE) return length;
    }
  };
  for (;;) {
    const token = block[read++];
    if (token === undefined) throw refuse();
    const literals = lengthOf(token >>> 4);
    if (literals > block.length - read || literals > out.length - at) throw refuse();
    out.set(block.subarray(read, read + literals), at);
    read += literals;
    at += literals;
    if (read === block.length) return at;
    const distance = block[read]! | (block[read + 1]! << 8);
    read += 2;
    if (read > block.length || distance === 0 || distance > at - start) throw refuse();
    const length = lengthOf(token & NIBBLE) + MIN_MATCH;
    if (length > out.length - at) throw refuse();
    for (const end = at + length; at < end; at++) out[at] = out[at - distance]!;
  }
}
