/**
 * The longest match as libzstd's row-based match finder of before 1.5.5 finds it: places are kept in rows by a hash of
 * five bytes, the last ones of each, with eight more bits of the hash as a tag.
 */
import { refuse } from "./bits.ts";

export interface MatcherOptions {
  /** Places that are kept, and places of them that are looked at for one match, as powers of two. */
  hashLog: number;
  searchLog: number;
}

export interface RowMatcher {
  /** Forgets all places; `start` is the first that is known from now on. */
  reset(start: number): void;
  /** Knows the places up to `end` but the last few, as of a dictionary. */
  load(end: number): void;
  /** A block begins: places before `lowest` are out of reach, and after a long match some are left out. */
  beginBlock(at: number, lowest: number): void;
  /**
   * The length of the longest match at `at` that ends at `end` or before, with at most `window` bytes between; 3 when there
   * is none. How far back it is: `distance`. @throws AtomicError invalid when looking for matches takes very long
   */
  find(at: number, end: number, window: number): number;
  distance: number;
}

const TAG_BITS = 8;
/** Places in a window are told apart by so many bits. */
const PLACE_BITS = 24;
const PLACE_MASK = 2 ** PLACE_BITS - 1;
/** Below this length there is no match. */
const NONE = 3;
/** Of a gap longer than the first only the places at its start and its end are kept. */
const GAP = { long: 384, start: 96, end: 32, beforeBlock: 192 } as const;
/** The bytes that a dictionary's last places would be hashed with. */
const HASH_READ = 8;
/** The factor of the hash, as two numbers of 20 bits. */
const FACTOR_LOW = 889523592379 % 2 ** 20;
const FACTOR_HIGH = Math.floor(889523592379 / 2 ** 20);
/** Bytes compared for each byte of content, by far more than a compressor spends. */
const MAX_WORK = 256;
const FREE_WORK = 64 * 1024 * 1024;

/** A matcher in `content`. Memory: 5 bytes for each place kept. */
export function createRowMatcher(content: Uint8Array, { hashLog, searchLog }: MatcherOptions): RowMatcher {
  const rowLog = Math.min(Math.max(searchLog, 4), 6);
  const rowMask = (1 << rowLog) - 1;
  const attempts = 1 << Math.min(searchLog, rowLog);
  const shift = 40 - (hashLog - rowLog + TAG_BITS);
  /** The product's lowest 40 bits, shifted: exact in a double, because it is scaled by a power of two. */
  const lowFactor = FACTOR_LOW * 2 ** -shift;
  const highShift = 20 - shift;
  const hashMask = 2 ** (40 - shift) - 1;
  /** Each a tag and the lowest bits of a place, so that a row is one cache line where it has 16. */
  const entries = new Int32Array(1 << hashLog);
  const heads = new Uint8Array(1 << (hashLog - rowLog));
  let nextPlace = 0;
  let lowest = 0;
  let work = FREE_WORK + MAX_WORK * content.length;

  const hashAt = (at: number): number => {
    const third = content[at + 2]!;
    const low = content[at]! | (content[at + 1]! << 8) | ((third & 15) << 16);
    const high = (third >>> 4) | (content[at + 3]! << 4) | (content[at + 4]! << 12);
    const middle = (Math.imul(low, FACTOR_HIGH) + Math.imul(high, FACTOR_LOW)) & 0xfffff;
    return (((low * lowFactor) | 0) + (middle << highShift)) & hashMask;
  };
  const keep = (hash: number, place: number): void => {
    const row = hash >>> TAG_BITS;
    const head = (heads[row]! - 1) & rowMask;
    heads[row] = head;
    entries[(row << rowLog) + head] = (hash << PLACE_BITS) | (place & PLACE_MASK);
  };
  const keepUpTo = (end: number): void => {
    for (; nextPlace < end; nextPlace++) keep(hashAt(nextPlace), nextPlace);
  };

  const matcher: RowMatcher = {
    distance: 0,
    reset(start) {
      entries.fill(0);
      heads.fill(0);
      nextPlace = start;
      lowest = start;
    },
    load(end) {
      if (end - nextPlace > HASH_READ) keepUpTo(end - HASH_READ);
      nextPlace = end;
    },
    beginBlock(at, from) {
      lowest = from;
      nextPlace = Math.max(nextPlace, from);
      const gap = at - nextPlace - GAP.long;
      if (gap > 0) nextPlace = at - Math.min(GAP.beforeBlock, gap);
    },
    find(at, end, window) {
      if (at - nextPlace > GAP.long) {
        keepUpTo(nextPlace + GAP.start);
        nextPlace = at - GAP.end;
      }
      keepUpTo(at);
      const hash = hashAt(at);
      const row = hash >>> TAG_BITS;
      const tag = hash & ((1 << TAG_BITS) - 1);
      const head = heads[row]!;
      const first = row << rowLog;
      const most = Math.min(at - lowest, window);
      let longest = NONE;
      for (let i = 0, left = attempts; i <= rowMask && left > 0; i++) {
        const entry = entries[first + ((head + i) & rowMask)]!;
        if (entry >>> PLACE_BITS !== tag) continue;
        const distance = (at - entry) & PLACE_MASK;
        if (distance > most) break;
        left--;
        const place = at - distance;
        if (content[place + longest] !== content[at + longest] || distance === 0) continue;
        let length = 0;
        while (at + length < end && content[place + length] === content[at + length]) length++;
        work -= length;
        if (length <= longest) continue;
        longest = length;
        matcher.distance = distance;
        if (at + length === end) break;
      }
      if (nextPlace === at) {
        keep(hash, at);
        nextPlace++;
      }
      if (work < 0) throw refuse("its matches take too long to predict");
      return longest;
    },
  };
  return matcher;
}
