/** Codes of deflate (RFC 1951): lengths, distances, and Huffman codes by their lengths. */
import { AtomicError } from "../../../errors.ts";

export const END = 256;
export const MIN_MATCH = 3;
export const MAX_MATCH = 258;
/** Symbols of a block's two alphabets, and of the one that describes them. */
export const LITERALS = 288;
export const DISTANCES = 30;
const MAX_BITS = 15;

const LENGTH_BITS = Uint8Array.of(
  ...[0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2],
  ...[3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0],
);
const DISTANCE_BITS = Uint8Array.from({ length: DISTANCES }, (_, code) => Math.max((code >> 1) - 1, 0));
const LENGTH_BASES = basesOf(LENGTH_BITS, MIN_MATCH);
LENGTH_BASES[28] = MAX_MATCH;
const DISTANCE_BASES = basesOf(DISTANCE_BITS, 1);

/** What stands for a length or a distance: a code, and so many bits more from a base on. */
export const LENGTHS = { bits: LENGTH_BITS, bases: LENGTH_BASES } as const;
export const DISTANCE_CODES = { bits: DISTANCE_BITS, bases: DISTANCE_BASES } as const;

function basesOf(bits: Uint8Array, first: number): Int32Array {
  let base = first;
  return Int32Array.from(bits, (count) => (base += 1 << count) - (1 << count));
}

const LENGTH_CODES = Uint8Array.from({ length: MAX_MATCH + 1 }, (_, length) => lastAtMost(LENGTH_BASES, length));

/** The code of a match's length, 3 … 258, less 257. */
export function lengthCode(length: number): number {
  return LENGTH_CODES[length]!;
}

/** The code of a distance, 1 … 32768. */
export function distanceCode(distance: number): number {
  const more = distance - 1;
  if (more < 4) return more;
  const log = 31 - Math.clz32(more);
  return 2 * log + ((more >> (log - 1)) & 1);
}

function lastAtMost(bases: Int32Array, value: number): number {
  let code = 0;
  while (code + 1 < bases.length && bases[code + 1]! <= value) code++;
  return code;
}

/** A canonical code: how many symbols there are of each length, the symbols in order, and each one's code, bits reversed. */
export interface Huffman {
  counts: Uint16Array;
  symbols: Uint16Array;
  lengths: Uint8Array;
  reversed: Uint16Array;
}

/** The code of these lengths, 0 for symbols that have none. @throws AtomicError invalid when they overlap */
export function huffman(lengths: Uint8Array): Huffman {
  const counts = new Uint16Array(MAX_BITS + 1);
  for (const length of lengths) counts[length]!++;
  counts[0] = 0;
  const offsets = new Uint16Array(MAX_BITS + 2);
  const next = new Uint16Array(MAX_BITS + 2);
  let left = 1;
  for (let length = 1; length <= MAX_BITS; length++) {
    left = 2 * left - counts[length]!;
    if (left < 0) throw refuse("codes overlap");
    offsets[length + 1] = offsets[length]! + counts[length]!;
    next[length + 1] = (next[length]! + counts[length]!) << 1;
  }
  const symbols = new Uint16Array(lengths.length);
  const reversed = new Uint16Array(lengths.length);
  lengths.forEach((length, symbol) => {
    if (length === 0) return;
    symbols[offsets[length]!++] = symbol;
    reversed[symbol] = reverse(next[length]!++, length);
  });
  return { counts, symbols, lengths, reversed };
}

function reverse(code: number, length: number): number {
  let result = 0;
  for (let bit = 0; bit < length; bit++) result |= ((code >> bit) & 1) << (length - 1 - bit);
  return result;
}

const FIXED_LENGTHS = Uint8Array.from({ length: LITERALS }, (_, symbol) =>
  symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8,
);

/** The codes of blocks that describe none. */
export function fixedCodes(): { literals: Huffman; distances: Huffman } {
  return { literals: huffman(FIXED_LENGTHS), distances: huffman(new Uint8Array(DISTANCES).fill(5)) };
}

/** The error for a stream or a parse that makes no sense. */
export function refuse(why: string): AtomicError {
  return new AtomicError("invalid", `reading a deflate stream: ${why}`);
}
