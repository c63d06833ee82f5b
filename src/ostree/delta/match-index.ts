/** Finding where bytes of one file occur in another: a hash table over the places of the base. */

/** Bytes that must be equal for a place to be found. */
const SEED = 8;
/** Places kept at most; in a larger base only every n-th is one. Each costs 8 bytes of memory. */
const MAX_PLACES = 1 << 24;
/** Places looked at for one seed, so that a base of one repeated pattern does not cost the square of its size. */
const MAX_CANDIDATES = 12;

export interface MatchIndex {
  /** The place of the longest match with `next` from `at` on, and its length; length 0 when no seed is equal. */
  find(next: Uint8Array, at: number): { at: number; length: number };
}

/** An index over `base`; `find` reuses what it returns. */
export function createMatchIndex(base: Uint8Array): MatchIndex {
  const places = Math.max(base.length - SEED + 1, 0);
  const step = Math.ceil(places / MAX_PLACES) || 1;
  const entries = Math.ceil(places / step);
  const bits = Math.min(Math.max(Math.ceil(Math.log2(entries + 1)), 8), 24);
  const shift = 32 - bits;
  /** For each hash the last place put there, counted from 1 in steps; and for each place the one before it. */
  const heads = new Int32Array(1 << bits);
  const previous = new Int32Array(entries + 1);
  // From the end, so that candidates come in the order of the base.
  let repeated = -1;
  for (let entry = entries - 1; entry >= 0; entry--) {
    const hash = hashAt(base, entry * step) >>> shift;
    // A run of one byte is one place, its first.
    if (hash === repeated && isRun(base, entry * step)) {
      heads[hash] = entry + 1;
      previous[entry + 1] = previous[entry + 2]!;
      continue;
    }
    previous[entry + 1] = heads[hash]!;
    heads[hash] = entry + 1;
    repeated = hash;
  }
  const best = { at: 0, length: 0 };
  return {
    find(next, at) {
      best.length = 0;
      if (at + SEED > next.length || entries === 0) return best;
      let entry = heads[hashAt(next, at) >>> shift]!;
      for (let left = MAX_CANDIDATES; entry !== 0 && left > 0; left--) {
        const place = (entry - 1) * step;
        const length = commonLength(base, place, next, at);
        if (length > best.length) {
          best.at = place;
          best.length = length;
        }
        entry = previous[entry]!;
      }
      if (best.length < SEED) best.length = 0;
      return best;
    },
  };
}

/** How many bytes of `a` from `i` on are those of `b` from `j` on. */
export function commonLength(a: Uint8Array, i: number, b: Uint8Array, j: number): number {
  const most = Math.min(a.length - i, b.length - j);
  let length = 0;
  while (length < most && a[i + length] === b[j + length]) length++;
  return length;
}

function hashAt(bytes: Uint8Array, at: number): number {
  const low = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
  const high = bytes[at + 4]! | (bytes[at + 5]! << 8) | (bytes[at + 6]! << 16) | (bytes[at + 7]! << 24);
  return Math.imul(Math.imul(low, 0x9e3779b1) ^ high ^ (low >>> 15), 0x85ebca77);
}

function isRun(bytes: Uint8Array, at: number): boolean {
  const first = bytes[at];
  for (let i = 1; i < SEED; i++) if (bytes[at + i] !== first) return false;
  return true;
}
