/** The longest match as GNU gzip finds it: places are chained by a hash of three bytes, and the last are looked at first. */
import { MAX_MATCH, refuse } from "./codes.ts";

export interface GzipLevel {
  /** A match so long before this place: a quarter of the places are looked at. */
  good: number;
  /** A match so long is good enough. */
  nice: number;
  /** Places looked at. */
  chain: number;
}

const WINDOW = 32768;
const HASH_BITS = 15;
const HASH_SHIFT = 5;
/** Bytes that gzip wants to have before it. */
const LOOKAHEAD = MAX_MATCH + 4;
const MAX_DISTANCE = WINDOW - LOOKAHEAD;
/** A match of three bytes farther away costs more than they do. */
const TOO_FAR = 4096;
const SHORTEST = 3;
/** Bytes compared for each byte of content, by far more than a compressor spends; and so many in any case. */
const MAX_WORK = 8192;
const FREE_WORK = 16 * 1024 * 1024;

export interface MatchChains {
  /** The length of the longest match at `at` that is longer than `than`, or `than`. How far back it is: `distance`. */
  find(at: number, than: number): number;
  distance: number;
}

/** A match finder in `content`, to be asked for places in order. @throws AtomicError invalid (`find`) if it takes very long */
export function createMatchChains(content: Uint8Array, { good, nice, chain }: GzipLevel): MatchChains {
  const last = new Int32Array(1 << HASH_BITS).fill(-1);
  const before = new Int32Array(WINDOW).fill(-1);
  let known = 0;
  let work = FREE_WORK + MAX_WORK * content.length;
  const keep = (at: number): void => {
    if (at + SHORTEST > content.length) return;
    const hash =
      ((content[at]! << (2 * HASH_SHIFT)) ^ (content[at + 1]! << HASH_SHIFT) ^ content[at + 2]!) &
      ((1 << HASH_BITS) - 1);
    before[at & (WINDOW - 1)] = last[hash]!;
    last[hash] = at;
  };
  const chains: MatchChains = {
    distance: 0,
    find(at, than) {
      for (; known <= at; known++) keep(known);
      if (at + SHORTEST > content.length) return than;
      const most = Math.min(MAX_MATCH, content.length - at);
      // gzip takes the first byte of its buffer for the end of a chain.
      const full = 2 * WINDOW - LOOKAHEAD;
      const buffer = at <= full ? 0 : (Math.floor((at - full - 1) / WINDOW) + 1) * WINDOW;
      const limit = Math.max(at - MAX_DISTANCE - 1, buffer);
      let longest = than;
      let place = before[at & (WINDOW - 1)]!;
      for (let left = than >= good ? chain >> 2 : chain; left > 0 && place > limit && longest < most; left--) {
        work--;
        if (
          content[place + longest] === content[at + longest] &&
          content[place + longest - 1] === content[at + longest - 1]
        ) {
          let length = 0;
          while (length < most && content[place + length] === content[at + length]) length++;
          work -= length;
          if (length > longest) {
            longest = length;
            chains.distance = at - place;
            if (length >= nice) break;
          }
        }
        place = before[place & (WINDOW - 1)]!;
      }
      if (work < 0) throw refuse("its matches take too long to predict");
      return longest === SHORTEST && than < SHORTEST && chains.distance > TOO_FAR ? than : longest;
    },
  };
  return chains;
}
