/**
 * Taking a zstd frame apart: what is in it besides its content, so that `writeFrame` makes the very bytes again. That is
 * how it is split in blocks, which matches were taken, and which tables they and the literals are coded with.
 */
import type { ByteWriter } from "../byte-writer.ts";
import { refuse } from "./bits.ts";
import { BLOCK, BLOCK_HEADER, MAX_BLOCK, readBlockHeader, readFrameHeader } from "./frame-layout.ts";
import { readLiterals } from "./literals.ts";
import { createSequences, decodeSequences, MAX_SEQUENCES, type Sequences } from "./sequences.ts";
import { createTableState, type TableState } from "./tables.ts";

/** Where the parse of a frame goes. */
export interface ParseSink {
  /** The frame's head, its blocks' forms and tables. Layout: docs/formats.md, "delta". */
  blocks: ByteWriter;
  /** The sequences of a compressed block of `size` bytes; valid until the next. */
  sequences(sequences: Sequences, size: number): void;
  /** A block of `size` bytes without any. */
  stored(size: number): void;
}

/**
 * Reads `frame`, which is one and nothing else (`frameLength`). Returns how many bytes its content has.
 * @throws AtomicError invalid when it cannot be taken apart
 */
export function readFrame(frame: Uint8Array, sink: ParseSink): number {
  const { length } = readFrameHeader(frame);
  sink.blocks.varint(length);
  sink.blocks.bytes(frame.subarray(0, length));
  const readBlock = createBlockReader(sink);
  let at = length;
  let contentSize = 0;
  for (let ended = false; !ended;) {
    const { last, type, size, stored } = readBlockHeader(frame, at);
    at += BLOCK_HEADER;
    ended = last;
    sink.blocks.byte((last ? 1 : 0) + 2 * type);
    if (type === BLOCK.compressed) contentSize += readBlock(frame.subarray(at, at + stored));
    else if (type === BLOCK.raw || type === BLOCK.repeated) {
      sink.blocks.varint(size);
      sink.stored(size);
      contentSize += size;
    } else throw refuse("a block of a reserved type");
    at += stored;
  }
  sink.blocks.bytes(frame.subarray(at));
  return contentSize;
}

/** Reads compressed blocks, one after the other, and returns how many bytes of content each has. */
function createBlockReader({ blocks, sequences: emit }: ParseSink): (bytes: Uint8Array) => number {
  const tables = createTableState();
  const sequences = createSequences();
  return (bytes) => {
    const literals = readLiterals(bytes);
    const rest = bytes.subarray(literals.length);
    const { count, headerLength } = readCount(rest);
    sequences.count = count;
    const description = describeTables(rest, headerLength, { tables, sequences });
    let size = literals.count;
    for (let i = 0; i < count; i++) size += sequences.matches[i]!;
    if (size > MAX_BLOCK) throw refuse("a block of too many bytes");
    blocks.byte(literals.form);
    blocks.varint(size);
    blocks.varint(count);
    blocks.varint(literals.tree.length);
    blocks.bytes(literals.tree);
    blocks.bytes(description);
    emit(sequences, size);
    return size;
  };
}

/** Decodes the sequences behind `start`, unless there are none; returns what describes their tables. */
function describeTables(
  bytes: Uint8Array,
  start: number,
  { tables, sequences }: { tables: TableState; sequences: Sequences },
): Uint8Array {
  if (sequences.count === 0) {
    if (bytes.length !== start) throw refuse("bytes behind a block's literals");
    return bytes.subarray(0, 0);
  }
  if (start >= bytes.length) throw refuse("a block has no tables");
  let at = start + 1;
  const used = tables.next(bytes[start]!, (_, use) => (at += use(bytes.subarray(at))));
  decodeSequences(bytes.subarray(at), used, sequences);
  return bytes.subarray(start, at);
}

/** How many sequences follow, and how long that number is. */
function readCount(bytes: Uint8Array): { count: number; headerLength: number } {
  const [first = -1, second = 0, third = 0] = bytes;
  if (first < 0) throw refuse("a block has no sequences section");
  if (first < 128) return { count: first, headerLength: 1 };
  if (first < 255) return { count: (first - 128) * 256 + second, headerLength: 2 };
  const count = 0x7f00 + second + 256 * third;
  if (count > MAX_SEQUENCES) throw refuse("too many sequences");
  return { count, headerLength: 3 };
}
