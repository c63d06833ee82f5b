/**
 * The sequences that libzstd's greedy, lazy and lazy2 strategies choose (levels 5 to 12), one at a time: each is predicted
 * from the content and from all that were chosen before, whether they had been predicted or not.
 */
import { createRowMatcher, type MatcherOptions } from "./row-matcher.ts";

export interface ParserOptions extends MatcherOptions {
  windowLog: number;
  /** How often the start of a match is put off for a better one: 0 greedy, 1 lazy, 2 lazy2. */
  depth: number;
  /** Bytes of the jobs that workers compress by themselves, and of the content before that each knows; 0 for one job. */
  jobLog: number;
  overlapLog: number;
}

export interface Sequence {
  literals: number;
  match: number;
  /** As in a frame: 1 for the last distance (the one before it where there are no literals), or the distance plus 3. */
  offset: number;
}

export interface LazyParser {
  /** The next block is `size` bytes. */
  beginBlock(size: number): void;
  /** Predicts the next sequence into `sequence`; false when only literals are left in the block. */
  predict(): boolean;
  sequence: Sequence;
  /** This is the next sequence. */
  accept(sequence: Sequence): void;
  /** The block has no more sequences. If it was stored, what was chosen in it is forgotten. */
  endBlock(stored: boolean): void;
}

const MIN_LENGTH = 4;
/** Bytes before a block's end in which no match is looked for. */
const TAIL = 16;
/** The more literals there are, by so many bits, the more places are skipped. */
const SKIP_SHIFT = 8;
const REPEAT = 1;
/** The distances that the first sequences of a frame repeat. */
const FIRST_REPEATS = [1, 4] as const;
const NEW = 3;

/** A parser of all of `content`, from its first block on. @throws AtomicError invalid (any method) as `RowMatcher.find` */
export function createLazyParser(content: Uint8Array, options: ParserOptions): LazyParser {
  const { depth, windowLog } = options;
  const window = 2 ** windowLog;
  const jobBytes = options.jobLog === 0 ? Infinity : 2 ** options.jobLog;
  const matcher = createRowMatcher(content, options);
  const sequence: Sequence = { literals: 0, match: 0, offset: 0 };
  let jobStart = 0;
  let start = 0;
  let end = 0;
  let lowest = 0;
  /** Where the next sequence begins. */
  let anchor = 0;
  let afterMatch = false;
  let [last, beforeLast]: [number, number] = [...FIRST_REPEATS];
  let saved = { last: 0, beforeLast: 0 };
  matcher.reset(0);

  const repeats = (at: number, distance: number): boolean =>
    distance > 0 &&
    content[at] === content[at - distance] &&
    content[at + 1] === content[at + 1 - distance] &&
    content[at + 2] === content[at + 2 - distance] &&
    content[at + 3] === content[at + 3 - distance];
  const repeatLength = (at: number, distance: number): number => {
    let length = MIN_LENGTH;
    while (at + length < end && content[at + length] === content[at + length - distance]) length++;
    return length;
  };

  function beginJob(): void {
    jobStart = start;
    lowest = Math.max(start - 2 ** options.overlapLog, 0);
    matcher.reset(lowest);
    matcher.load(start);
    last = 0;
    beforeLast = 0;
  }

  /** The best match from `from` on, put off as often as that pays; true when there is one. */
  function search(from: number, limit: number): boolean {
    let at = from;
    let [length, offset, begin] = [0, REPEAT, at + 1];
    if (repeats(at + 1, last)) length = repeatLength(at + 1, last);
    if (depth > 0 || length === 0) {
      const found = matcher.find(at, end, window);
      if (found > length) [length, offset, begin] = [found, matcher.distance + NEW, at];
    }
    if (length < MIN_LENGTH) return false;
    for (let better = depth > 0; better && at < limit;) {
      better = false;
      for (let put = 1; put <= depth && !better && at < limit; put++) {
        at++;
        const cost = 31 - Math.clz32(offset);
        if (repeats(at, last)) {
          const repeated = repeatLength(at, last);
          const factor = put === 1 ? 3 : 4;
          if (repeated * factor > length * factor - cost + 1) [length, offset, begin] = [repeated, REPEAT, at];
        }
        const found = matcher.find(at, end, window);
        const gain = found * 4 - (31 - Math.clz32(matcher.distance + NEW));
        if (found >= MIN_LENGTH && gain > length * 4 - (31 - Math.clz32(offset)) + (put === 1 ? 4 : 7)) {
          [length, offset, begin] = [found, matcher.distance + NEW, at];
          better = true;
        }
      }
    }
    if (offset > NEW) {
      const distance = offset - NEW;
      while (begin > anchor && begin - distance > lowest && content[begin - 1] === content[begin - 1 - distance]) {
        begin--;
        length++;
      }
    }
    sequence.literals = begin - anchor;
    sequence.match = length;
    sequence.offset = offset;
    return true;
  }

  function predict() {
    const limit = end - TAIL;
    if (afterMatch && anchor <= limit && repeats(anchor, beforeLast)) {
      sequence.literals = 0;
      sequence.match = repeatLength(anchor, beforeLast);
      sequence.offset = REPEAT;
      return true;
    }
    let at = anchor + (anchor === lowest ? 1 : 0);
    while (at < limit) {
      if (search(at, limit)) return true;
      at += ((at - anchor) >> SKIP_SHIFT) + 1;
    }
    return false;
  }

  return {
    sequence,
    beginBlock(size) {
      start = end;
      end = start + size;
      if (start - jobStart >= jobBytes) beginJob();
      lowest = Math.max(lowest, start - window);
      matcher.beginBlock(start, lowest);
      anchor = start;
      afterMatch = false;
      saved = { last, beforeLast };
      const reach = start + (start === lowest ? 1 : 0) - lowest;
      if (last > reach) last = 0;
      if (beforeLast > reach) beforeLast = 0;
    },
    predict,
    accept({ literals, match, offset }) {
      anchor += literals + match;
      afterMatch = true;
      if (offset > NEW) {
        beforeLast = last;
        last = offset - NEW <= anchor - match ? offset - NEW : 0;
      } else if (literals === 0 || offset === 2) [last, beforeLast] = [beforeLast, last];
    },
    endBlock(stored) {
      // The compressor has looked for more, and knows the places it came by.
      if (!stored) predict();
      if (stored || last === 0) last = saved.last;
      if (stored || beforeLast === 0) beforeLast = saved.beforeLast;
    },
  };
}
