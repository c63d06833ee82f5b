/** The literals and matches that GNU gzip chooses (levels 4 to 9), predicted one at a time from all before. */
import { MIN_MATCH } from "./codes.ts";
import { createMatchChains, type GzipLevel } from "./match-chains.ts";

export interface LazyLevel extends GzipLevel {
  /** A match so long is taken without a look at the next place. */
  lazy: number;
}

/** Levels 6 and 9 of deflate.c: the usual one, and the one Debian's documentation is compressed with. */
export const LEVELS: readonly LazyLevel[] = [
  { good: 8, lazy: 16, nice: 128, chain: 128 },
  { good: 32, lazy: 258, nice: 258, chain: 4096 },
];

export interface GzipParser {
  /** The next token, valid until the next call: a length of 0 is a literal. */
  predict(): { length: number; distance: number };
  /** What it was. */
  accept(length: number): void;
}

const NONE = MIN_MATCH - 1;

/** A parser of all of `content`. @throws AtomicError invalid (any method) as `MatchChains.find` */
export function createGzipParser(content: Uint8Array, level: LazyLevel): GzipParser {
  const chains = createMatchChains(content, level);
  const token = { length: 0, distance: 0 };
  let at = 0;
  /** The match at `at`, if it is known, and how long the one before it was that was put off. */
  let here = { at: -1, length: NONE, distance: 0 };
  let than = NONE;
  let ahead = here;
  const find = (place: number, longer: number): typeof here => {
    const length = longer >= level.lazy ? longer : chains.find(place, longer);
    return { at: place, length: length > longer ? length : NONE, distance: chains.distance };
  };
  return {
    predict() {
      if (here.at !== at) here = find(at, than);
      token.length = 0;
      if (here.length < MIN_MATCH) return token;
      ahead = find(at + 1, here.length);
      if (ahead.length > here.length) return token;
      token.length = here.length;
      token.distance = here.distance;
      return token;
    },
    accept(length) {
      than = length === 0 && here.at === at ? Math.max(here.length, NONE) : NONE;
      at += Math.max(length, 1);
      if (length === 0 && ahead.at === at) here = ahead;
    },
  };
}
