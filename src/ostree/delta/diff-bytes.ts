/**
 * The difference of two byte strings, after Colin Percival's bsdiff: pieces of the base with some bytes changed, and
 * literal bytes after each. Where bsdiff sorts suffixes, this looks seeds up in a hash table.
 */
import type { ByteWriter } from "./byte-writer.ts";
import { commonLength, createMatchIndex } from "./match-index.ts";
import type { Streams } from "./streams.ts";

/** Bytes by which another alignment must beat the present one: what a new piece costs, more or less. */
const GAIN = 8;
/** While this many bytes in a row are equal, the present alignment is kept without a look at others. */
const KEEP = 16;

/** Writes the difference that makes `next` of `base`; `patchBytes` reads it. */
export function diffBytes(base: Uint8Array, next: Uint8Array, out: Streams<ByteWriter>): void {
  const findAlignment = createAligner(base, next);
  const writePiece = createPieceWriter(base, next, out);
  /** Where the piece being made begins, in `next` and in the base. */
  let start = { next: 0, base: 0 };
  for (let scan = 0; scan < next.length;) {
    const found = findAlignment(scan, start.base - start.next);
    const fit = fitPieces({ base, next }, start, found);
    writePiece(start, fit.copied, found.next - fit.backward - start.next - fit.copied);
    start = { next: found.next - fit.backward, base: found.base - fit.backward };
    scan = found.next + found.length;
  }
  if (start.next < next.length) {
    const fit = fitPieces({ base, next }, start, { next: next.length, base: 0 });
    writePiece(start, fit.copied, next.length - start.next - fit.copied);
  }
}

interface Pair {
  base: Uint8Array;
  next: Uint8Array;
}
/** A place in `next` and the place in the base that is aligned with it. */
interface Alignment {
  next: number;
  base: number;
}

/**
 * Finds the next place whose longest match beats going on with the present alignment (`offset`: base place minus next
 * place); the end of `next` when there is none.
 */
function createAligner(
  base: Uint8Array,
  next: Uint8Array,
): (from: number, offset: number) => Alignment & { length: number } {
  const index = createMatchIndex(base);
  return (from, offset) => {
    let scan = from;
    /** Of the bytes in scan … counted, how many the present alignment has right. */
    let score = 0;
    let counted = scan;
    while (scan < next.length) {
      const kept = scan + offset < 0 ? 0 : commonLength(base, scan + offset, next, scan);
      if (kept >= KEEP) {
        scan += kept;
        score = 0;
        counted = scan;
        continue;
      }
      const { at, length } = index.find(next, scan);
      for (; counted < scan + length; counted++) if (base[counted + offset] === next[counted]) score++;
      if (length > score + GAIN) return { next: scan, base: at, length };
      if (counted === scan) counted++;
      else if (base[scan + offset] === next[scan]) score--;
      scan++;
    }
    return { next: next.length, base: 0, length: 0 };
  };
}

/**
 * How far the piece that begins at `start` goes on with mostly equal bytes, and how far back the one found at `found`
 * reaches; they never overlap.
 */
function fitPieces({ base, next }: Pair, start: Alignment, found: Alignment): { copied: number; backward: number } {
  let copied = 0;
  for (let i = 0, equal = 0, best = 0; start.next + i < found.next && start.base + i < base.length;) {
    if (base[start.base + i] === next[start.next + i]) equal++;
    i++;
    if (2 * equal - i > best) {
      best = 2 * equal - i;
      copied = i;
    }
  }
  let backward = 0;
  if (found.next < next.length) {
    for (let i = 1, equal = 0, best = 0; found.next - i >= start.next && found.base >= i; i++) {
      if (base[found.base - i] === next[found.next - i]) equal++;
      if (2 * equal - i > best) {
        best = 2 * equal - i;
        backward = i;
      }
    }
  }
  const overlap = start.next + copied - (found.next - backward);
  if (overlap <= 0) return { copied, backward };
  let share = 0;
  for (let i = 0, score = 0, best = 0; i < overlap; i++) {
    const at = found.next - backward + i;
    if (next[at] === base[start.base + at - start.next]) score++;
    if (next[at] === base[found.base - backward + i]) score--;
    if (score > best) {
      best = score;
      share = i + 1;
    }
  }
  return { copied: copied - overlap + share, backward: backward - share };
}

/** Writes pieces in order: `copied` bytes as in the base but for the changes, then `literals` bytes. */
function createPieceWriter(
  base: Uint8Array,
  next: Uint8Array,
  { operations, gaps, changes, literals }: Streams<ByteWriter>,
): (start: Alignment, copied: number, literalLength: number) => void {
  let baseAt = 0;
  return (start, copied, literalLength) => {
    if (copied + literalLength === 0) return;
    let count = 0;
    for (let i = 0, previous = 0; i < copied; i++) {
      const change = next[start.next + i]! - base[start.base + i]!;
      if (change === 0) continue;
      gaps.varint(i - previous);
      changes.byte(change & 0xff);
      previous = i + 1;
      count++;
    }
    operations.varint(copied);
    operations.varint(literalLength);
    if (copied > 0) {
      operations.signed(start.base - baseAt);
      operations.varint(count);
      baseAt = start.base + copied;
    }
    literals.bytes(next.subarray(start.next + copied, start.next + copied + literalLength));
  };
}
