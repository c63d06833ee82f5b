/** How the sequences of a frame are written into its parse: one after the other, or where they differ from predictions. */
import type { ByteReader } from "../byte-reader.ts";
import { type ByteWriter, createByteWriter } from "../byte-writer.ts";
import { refuse } from "./bits.ts";
import { MIN_MATCH } from "./codes.ts";
import { createLazyParser, type LazyParser, type ParserOptions, type Sequence } from "./lazy-parser.ts";
import type { ParseSink } from "./read-frame.ts";
import type { Sequences } from "./sequences.ts";
import type { ParseSource } from "./write-frame.ts";

/** Lengths of more than this are in no block. */
const MAX_LENGTH = 2 ** 17 + 2;
const MAX_OFFSET = 2 ** 32 - 1;

export interface SequenceWriter extends Omit<ParseSink, "blocks"> {
  finish(): Uint8Array;
}
export type SequenceReader = Omit<ParseSource, "blocks">;

/** Writes each sequence in a form in which like ones have equal lengths, so that a difference finds them. */
export function createPlainWriter(): SequenceWriter {
  const out = createByteWriter();
  return {
    sequences({ count, literals, matches, offsets }) {
      for (let i = 0; i < count; i++) {
        out.varint(literals[i]!);
        out.varint(matches[i]! - MIN_MATCH);
        const offset = offsets[i]!;
        for (let shift = 0; shift < 32; shift += 8) out.byte((offset >>> shift) & 0xff);
      }
    },
    stored: () => undefined,
    finish: () => out.finish(),
  };
}

/** Reads what `createPlainWriter` wrote. */
export function createPlainReader(input: ByteReader): SequenceReader {
  return {
    sequences({ count, literals, matches, offsets }) {
      for (let i = 0; i < count; i++) {
        literals[i] = input.varint(MAX_LENGTH);
        matches[i] = input.varint(MAX_LENGTH) + MIN_MATCH;
        offsets[i] = input.byte() | (input.byte() << 8) | (input.byte() << 16) | (input.byte() << 24);
      }
    },
    stored: () => undefined,
  };
}

/** Writes how many sequences are as predicted, then one that is not, and so on; the last number has none behind it. */
export function createPredictedWriter(
  content: Uint8Array,
  options: ParserOptions,
): SequenceWriter & { wrong(): number } {
  const out = createByteWriter();
  const parser = createLazyParser(content, options);
  let right = 0;
  let wrong = 0;
  return {
    sequences(sequences, size) {
      parser.beginBlock(size);
      for (let i = 0; i < sequences.count; i++) {
        const next = sequenceAt(sequences, i);
        if (parser.predict() && isSame(parser.sequence, next)) right++;
        else {
          writeCorrection(out, right, next);
          right = 0;
          wrong++;
        }
        parser.accept(next);
      }
      parser.endBlock(false);
    },
    stored: (size) => passOver(parser, size),
    wrong: () => wrong,
    finish() {
      out.varint(right);
      return out.finish();
    },
  };
}

function sequenceAt({ literals, matches, offsets }: Sequences, i: number): Sequence {
  return { literals: literals[i]!, match: matches[i]!, offset: offsets[i]! };
}

function isSame(a: Sequence, b: Sequence): boolean {
  return a.literals === b.literals && a.match === b.match && a.offset === b.offset;
}

function writeCorrection(out: ByteWriter, right: number, { literals, match, offset }: Sequence): void {
  out.varint(right);
  out.varint(literals);
  out.varint(match - MIN_MATCH);
  out.varint(offset);
}

/** Reads what `createPredictedWriter` wrote, with the same content. */
export function createPredictedReader(content: Uint8Array, options: ParserOptions, input: ByteReader): SequenceReader {
  const parser = createLazyParser(content, options);
  let right = input.varint(content.length);
  return {
    sequences({ count, literals, matches, offsets }, size) {
      parser.beginBlock(size);
      for (let i = 0; i < count; i++) {
        let next = parser.sequence;
        const predicted = parser.predict();
        if (right > 0) {
          if (!predicted) throw refuse("no sequence is predicted where one should be");
          right--;
        } else {
          next = {
            literals: input.varint(MAX_LENGTH),
            match: input.varint(MAX_LENGTH) + MIN_MATCH,
            offset: input.varint(MAX_OFFSET),
          };
          right = input.varint(content.length);
        }
        literals[i] = next.literals;
        matches[i] = next.match;
        offsets[i] = next.offset;
        parser.accept(next);
      }
      parser.endBlock(false);
    },
    stored: (size) => passOver(parser, size),
  };
}

/** The compressor chose sequences in a block, too, that it then stored. */
function passOver(parser: LazyParser, size: number): void {
  parser.beginBlock(size);
  while (parser.predict()) parser.accept(parser.sequence);
  parser.endBlock(true);
}
