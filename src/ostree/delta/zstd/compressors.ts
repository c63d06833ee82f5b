/** The compressors whose choices are predicted: libzstd before 1.5.5, levels 5 to 12, for content of unknown size. */
import type { ParserOptions } from "./lazy-parser.ts";

/** lib/compress/clevels.h. A delta names one by its place here, from 0. */
export const LEVELS = [
  { windowLog: 21, hashLog: 19, searchLog: 3, depth: 0 },
  { windowLog: 21, hashLog: 19, searchLog: 3, depth: 1 },
  { windowLog: 21, hashLog: 20, searchLog: 4, depth: 1 },
  { windowLog: 21, hashLog: 20, searchLog: 4, depth: 2 },
  { windowLog: 22, hashLog: 21, searchLog: 4, depth: 2 },
  { windowLog: 22, hashLog: 22, searchLog: 5, depth: 2 },
  { windowLog: 22, hashLog: 22, searchLog: 6, depth: 2 },
  { windowLog: 22, hashLog: 23, searchLog: 6, depth: 2 },
] as const;

/** Each level with workers, of which the command has one by default, and then each without. */
export const COMPRESSORS: readonly ParserOptions[] = [
  ...LEVELS.map((level) => ({ ...level, jobLog: level.windowLog + 2, overlapLog: overlapLog(level) })),
  ...LEVELS.map((level) => ({ ...level, jobLog: 0, overlapLog: 0 })),
];

/** lib/compress/zstdmt_compress.c */
function overlapLog({ windowLog, depth }: { windowLog: number; depth: number }): number {
  return windowLog - (depth === 2 ? 2 : 3);
}
