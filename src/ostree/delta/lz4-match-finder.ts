/**
 * Finding matches as LZ4's high compression does at level 9: the same choice among the same candidates, because what is
 * compressed again must become the very bytes a file had. Facts from lz4hc.c of LZ4 1.9; any change here changes which
 * files can be made again.
 */
import { MIN_MATCH } from "./lz4-sequences.ts";

/** A match found: where in the source it begins, what it repeats, and how long it is. */
export interface Match {
  at: number;
  from: number;
  length: number;
}

export interface MatchFinder {
  /** The longest match that holds the bytes at `at`, begins at `low` or later and is longer than `longest`, else null. */
  find(at: number, low: number, longest: number): Match | null;
}

const HASH_BITS = 15;
const MAX_DISTANCE = 65_535;
/** How many candidates are looked at. */
const ATTEMPTS = 256;

/** @param limit where every match ends at the latest */
export function createMatchFinder(source: Uint8Array, limit: number): MatchFinder {
  const heads = new Int32Array(1 << HASH_BITS).fill(-1);
  /** For each of the last 64 Ki places the distance to the one before it with the same hash, at most MAX_DISTANCE. */
  const distances = new Uint16Array(1 << 16).fill(MAX_DISTANCE);
  let inserted = 0;

  const word = (at: number): number =>
    source[at]! | (source[at + 1]! << 8) | (source[at + 2]! << 16) | (source[at + 3]! << 24);
  const hash = (at: number): number => Math.imul(word(at), -1_640_531_535) >>> (32 - HASH_BITS);

  function insertUpTo(end: number): void {
    for (; inserted < end; inserted++) {
      const key = hash(inserted);
      const previous = heads[key]!;
      const distance = inserted - previous;
      distances[inserted & 0xffff] = previous < 0 || distance > MAX_DISTANCE ? MAX_DISTANCE : distance;
      heads[key] = inserted;
    }
  }
  function equalFrom(a: number, b: number): number {
    let length = 0;
    while (a + length < limit && source[a + length] === source[b + length]) length++;
    return length;
  }
  function equalBefore(a: number, b: number, low: number): number {
    let length = 0;
    while (a - length > low && b - length > 0 && source[a - length - 1] === source[b - length - 1]) length++;
    return length;
  }
  function runFrom(at: number, byte: number): number {
    let end = at;
    while (end < limit && source[end] === byte) end++;
    return end - at;
  }
  function runBefore(at: number, byte: number, low: number): number {
    let start = at;
    while (start > low && source[start - 1] === byte) start--;
    return at - start;
  }

  return {
    find(at, low, longest) {
      insertUpTo(at);
      const lowest = Math.max(at - MAX_DISTANCE, 0);
      const back = at - low;
      const first = word(at);
      const byte = first & 0xff;
      const isRun = first === Math.imul(byte, 0x01010101);
      /** Length of the run that begins at `at`; counted when it is first needed. */
      let run = 0;
      let best = longest;
      let match: Match | null = null;
      let place = heads[hash(at)]!;
      for (let left = ATTEMPTS; place >= lowest && left > 0; left--) {
        const end = place - back + best;
        if (source[low + best - 1] === source[end - 1] && source[low + best] === source[end] && word(place) === first) {
          const before = back > 0 ? equalBefore(at, place, low) : 0;
          const length = MIN_MATCH + equalFrom(at + MIN_MATCH, place + MIN_MATCH) + before;
          if (length > best) {
            best = length;
            match = { at: at - before, from: place - before, length };
          }
        }
        const distance = distances[place & 0xffff]!;
        const candidate = place - 1;
        // Inside a run every place is a candidate: go straight to the one that fits best.
        if (distance === 1 && isRun && candidate >= lowest && word(candidate) === first) {
          if (run === 0) run = MIN_MATCH + runFrom(at + MIN_MATCH, byte);
          const forward = MIN_MATCH + runFrom(candidate + MIN_MATCH, byte);
          const backward = Math.min(runBefore(candidate, byte, 0), candidate - lowest);
          if (backward + forward >= run && forward <= run) {
            place = candidate + forward - run;
          } else {
            place = candidate - backward;
            if (back === 0) {
              const length = Math.min(backward + forward, run);
              if (length > best) {
                if (at - place > MAX_DISTANCE) break;
                best = length;
                match = { at, from: place, length };
              }
              place -= distances[place & 0xffff]!;
            }
          }
          continue;
        }
        place -= distance;
      }
      return match;
    },
  };
}
