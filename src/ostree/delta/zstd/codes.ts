/** The codes of a sequence's three numbers (RFC 8878, 3.1.1.3.2): a code and so many bits more. */
import type { Counts } from "./fse.ts";

/** In the order of their tables in a block. */
export const KINDS = ["literals", "offsets", "matches"] as const;
export type Kind = (typeof KINDS)[number];

/** What tables may have, and the table of blocks that describe none. */
export const TABLES: Record<Kind, { maxLog: number; maxSymbol: number; usual: Counts }> = {
  literals: {
    maxLog: 9,
    maxSymbol: 35,
    usual: {
      log: 6,
      counts: [4, 3, ...times(11, 2), 1, 1, 1, ...times(9, 2), 3, 2, ...times(5, 1), ...times(4, -1)],
    },
  },
  offsets: {
    maxLog: 8,
    maxSymbol: 31,
    usual: { log: 5, counts: [...times(6, 1), 2, 2, 2, ...times(15, 1), ...times(5, -1)] },
  },
  matches: {
    maxLog: 9,
    maxSymbol: 52,
    usual: { log: 6, counts: [1, 4, 3, ...times(6, 2), ...times(37, 1), ...times(7, -1)] },
  },
};

/** Bits behind each code of a number of literals, and the least number of the code. */
export const LITERAL_BITS = Uint8Array.from([
  ...times(16, 0),
  ...[1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
]);
export const LITERAL_BASES = basesOf(LITERAL_BITS, 0);

/** The same for a match's length, of which 3 is the least. */
export const MATCH_BITS = Uint8Array.from([
  ...times(32, 0),
  ...[1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
]);
export const MIN_MATCH = 3;
export const MATCH_BASES = basesOf(MATCH_BITS, MIN_MATCH);

const SHORT_LITERALS = codesBelow(64, LITERAL_BASES, 0);
const SHORT_MATCHES = codesBelow(128, MATCH_BASES, MIN_MATCH);

/** The code of a number of literals below 2^17. */
export function literalsCode(length: number): number {
  return length < SHORT_LITERALS.length ? SHORT_LITERALS[length]! : 50 - Math.clz32(length);
}

/** The code of a match's length, 3 … 2^17 + 2. */
export function matchCode(length: number): number {
  const more = length - MIN_MATCH;
  return more < SHORT_MATCHES.length ? SHORT_MATCHES[more]! : 67 - Math.clz32(more);
}

function times(count: number, value: number): number[] {
  return Array<number>(count).fill(value);
}

function basesOf(bits: Uint8Array, least: number): Int32Array {
  const bases = new Int32Array(bits.length);
  let base = least;
  bits.forEach((count, code) => {
    bases[code] = base;
    base += 1 << count;
  });
  return bases;
}

function codesBelow(limit: number, bases: Int32Array, least: number): Uint8Array {
  const codes = new Uint8Array(limit);
  for (let value = 0, code = 0; value < limit; value++) {
    if (code + 1 < bases.length && value + least >= bases[code + 1]!) code++;
    codes[value] = code;
  }
  return codes;
}
