/**
 * Compressing a block as LZ4's high compression does at level 9, byte for byte: of three overlapping matches it decides
 * which to shorten or to drop. Facts from lz4hc.c of LZ4 1.9.
 */
import { createMatchFinder, type Match } from "./lz4-match-finder.ts";
import { createBlockWriter, MIN_MATCH } from "./lz4-sequences.ts";

/** No match begins in the last bytes of a block, and none reaches the very last ones. */
const NO_MATCH_BEGINS = 12;
const LAST_LITERALS = 5;
const MIN_BLOCK = 13;
/** The longest match that a sequence holds without an extra byte. */
const CHEAP_LENGTH = 18;
/** What two matches must be apart to be worth keeping both. */
const MIN_GAP = 3;

/** The block that `lz4 -9` makes of `source` (at most 8 MiB, as its legacy frames have them). */
export function compressLz4(source: Uint8Array): Uint8Array {
  const out = createBlockWriter(source);
  if (source.length < MIN_BLOCK) return out.finish();
  const lastStart = source.length - NO_MATCH_BEGINS;
  const finder = createMatchFinder(source, source.length - LAST_LITERALS);
  const write = ({ at, from, length }: Match): number => {
    out.match(at, length, at - from);
    return at + length;
  };
  /** A longer match that begins at or after `match`, searched near its end. */
  const findBeyond = (match: Match, overlap: number): Match | null => {
    const end = match.at + match.length;
    return end <= lastStart ? finder.find(end - overlap, match.at, match.length) : null;
  };

  for (let at = 0; at <= lastStart;) {
    const found = finder.find(at, at, MIN_MATCH - 1);
    if (found === null) {
      at++;
      continue;
    }
    at = encodeFrom(found);
  }
  return out.finish();

  /** Writes the matches that begin with `found`; returns where to go on. */
  function encodeFrom(found: Match): number {
    let original = found;
    let first = found;
    for (;;) {
      let second = findBeyond(first, 2);
      if (second === null) return write(first);
      if (original.at < first.at && second.at < first.at + original.length) first = original;
      if (second.at - first.at < MIN_GAP) {
        first = second;
        continue;
      }
      for (;;) {
        second = makeRoom(first, second);
        const third = findBeyond(second, MIN_GAP);
        if (third === null) {
          write(cutAt(first, second.at));
          return write(second);
        }
        const end = first.at + first.length;
        if (third.at < end + MIN_GAP) {
          if (third.at < end) {
            second = third;
            continue;
          }
          let next = second.at < end ? startLater(second, end - second.at) : second;
          if (next.length < MIN_MATCH) next = third;
          write(first);
          original = next;
          first = third;
          break;
        }
        if (second.at < end) {
          const apart = second.at - first.at;
          if (apart < CHEAP_LENGTH) {
            const length = cheapLength(first, second);
            first = { ...first, length };
            if (length > apart) second = startLater(second, length - apart);
          } else {
            first = { ...first, length: apart };
          }
        }
        write(first);
        first = second;
        second = third;
      }
    }
  }
}

/** The second match begins later where that lets the first be as long as is cheap. */
function makeRoom(first: Match, second: Match): Match {
  const apart = second.at - first.at;
  if (apart >= CHEAP_LENGTH) return second;
  const correction = cheapLength(first, second) - apart;
  return correction > 0 ? startLater(second, correction) : second;
}

/** How long the first of two matches may be so that the second keeps a legal length. */
function cheapLength(first: Match, second: Match): number {
  return Math.min(first.length, CHEAP_LENGTH, second.at - first.at + second.length - MIN_MATCH);
}

function startLater({ at, from, length }: Match, by: number): Match {
  return { at: at + by, from: from + by, length: length - by };
}

function cutAt(match: Match, end: number): Match {
  return end < match.at + match.length ? { ...match, length: end - match.at } : match;
}
