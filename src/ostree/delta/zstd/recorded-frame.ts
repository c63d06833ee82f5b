/** A frame that was taken apart, to write its sequences in more ways than one. */
import { zstdDecompressSync } from "node:zlib";
import { createByteWriter } from "../byte-writer.ts";
import { refuse } from "./bits.ts";
import { readFrameHeader } from "./frame-layout.ts";
import { readFrame } from "./read-frame.ts";
import type { SequenceWriter } from "./sequence-codecs.ts";
import type { Sequences } from "./sequences.ts";

export interface RecordedFrame {
  content: Uint8Array;
  windowLog: number | undefined;
  /** The parse without its sequences. */
  blocks: Uint8Array;
  /** How many sequences there are. */
  count: number;
  /** Gives the first `blocks` blocks, or all, to a writer. */
  replay<T extends SequenceWriter>(writer: T, blocks?: number): T;
}

/** Takes `frame` apart. @throws AtomicError invalid when that cannot be, or it has more than `max` bytes of content */
export function recordFrame(frame: Uint8Array, max: number): RecordedFrame {
  const blocks = createByteWriter();
  const record: { size: number; sequences?: Sequences }[] = [];
  let count = 0;
  const size = readFrame(frame, {
    blocks,
    stored: (size) => record.push({ size }),
    sequences(sequences, size) {
      count += sequences.count;
      record.push({ size, sequences: copyOf(sequences) });
    },
  });
  if (size > max) throw refuse(`expected at most ${max} bytes of content, found ${size}`);
  return {
    content: decompressFrame(frame, size),
    windowLog: readFrameHeader(frame).windowLog,
    blocks: blocks.finish(),
    count,
    replay(writer, most = record.length) {
      for (const { size, sequences } of record.slice(0, most)) {
        if (sequences === undefined) writer.stored(size);
        else writer.sequences(sequences, size);
      }
      return writer;
    },
  };
}

function copyOf({ count, literals, matches, offsets }: Sequences): Sequences {
  return {
    count,
    literals: literals.slice(0, count),
    matches: matches.slice(0, count),
    offsets: offsets.slice(0, count),
  };
}

/** The content of one frame. @throws AtomicError invalid when it is damaged, or has more than `max` bytes */
export function decompressFrame(frame: Uint8Array, max: number): Uint8Array {
  try {
    return zstdDecompressSync(frame, { maxOutputLength: Math.max(max, 1) });
  } catch (error) {
    throw refuse(`it does not decompress: ${String(error)}`);
  }
}
