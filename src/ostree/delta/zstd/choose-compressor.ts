/** Which compressor made a frame: found out by letting those that are known predict it. */
import { COMPRESSORS, LEVELS } from "./compressors.ts";
import type { ParserOptions } from "./lazy-parser.ts";
import type { RecordedFrame } from "./recorded-frame.ts";
import { createPredictedWriter } from "./sequence-codecs.ts";

/** Blocks that each compressor is tried with, and their bytes at most. */
const TRIAL = { blocks: 4, bytes: 512 * 1024 } as const;
/** It is worth a prediction when one sequence in so many, or fewer, is not as predicted. */
const WORTH = 16;

/** Number of the compressor in `COMPRESSORS`, and the sequences as it predicts them; undefined when none does. */
export function predictFrame(frame: RecordedFrame): { compressor: number; sequences: Uint8Array } | undefined {
  const level = likeliestLevel(frame);
  for (const compressor of level === undefined ? [] : [level, level + LEVELS.length]) {
    const writer = frame.replay(createPredictedWriter(frame.content, COMPRESSORS[compressor]!));
    if (writer.wrong() * WORTH <= frame.count) return { compressor, sequences: writer.finish() };
  }
  return undefined;
}

/** The level that predicts the first sequences best, with workers, which make no difference to these. */
function likeliestLevel(frame: RecordedFrame): number | undefined {
  const start = frame.content.subarray(0, TRIAL.bytes);
  const tried = LEVELS.flatMap(({ windowLog }, level) =>
    windowLog === frame.windowLog ? [{ level, wrong: wrongIn(frame, COMPRESSORS[level]!, start) }] : [],
  );
  const [best] = tried.sort((a, b) => a.wrong - b.wrong);
  return best?.level;
}

/** How many of a frame's first sequences are not as predicted. */
function wrongIn(frame: RecordedFrame, options: ParserOptions, start: Uint8Array): number {
  return frame.replay(createPredictedWriter(start, options), TRIAL.blocks).wrong();
}
