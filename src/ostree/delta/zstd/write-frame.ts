/** Making the frame again that `readFrame` took apart, from its content and its parse. */
import type { ByteReader } from "../byte-reader.ts";
import { type ByteWriter, createByteWriter } from "../byte-writer.ts";
import { createBitWriter, refuse } from "./bits.ts";
import { BLOCK, CHECKSUM_BYTES, MAX_BLOCK, readFrameHeader } from "./frame-layout.ts";
import { createLiteralsWriter } from "./literals.ts";
import { createSequences, encodeSequences, MAX_SEQUENCES, type Sequences, type Tables } from "./sequences.ts";
import { createTableState, type TableState } from "./tables.ts";

/** Where the parse of a frame comes from; untrusted. */
export interface ParseSource {
  blocks: ByteReader;
  /** Fills in the `into.count` sequences of a block, which is `size` bytes of the content. @throws AtomicError invalid */
  sequences(into: Sequences, size: number): void;
  /** Passes over a block of `size` bytes without any. */
  stored(size: number): void;
}

const MAX_HEADER = 18;
/** A block's tree has at most 128 bytes of weights. */
const MAX_TREE = 129;
const MAX_STORED_BLOCK = 2 ** 21 - 1;

/**
 * Writes the frame of all of `content`. What is written is bounded by content and parse: a few bytes for each literal
 * and each sequence.
 * @throws AtomicError invalid when the parse is not one of this content
 */
export function writeFrame(content: Uint8Array, source: ParseSource, out: ByteWriter): void {
  const { blocks } = source;
  const head = blocks.bytes(blocks.varint(MAX_HEADER));
  const { length, checksum } = readFrameHeader(head);
  if (length !== head.length) throw refuse("its header has another length");
  out.bytes(head);
  const writeBlock = createBlockWriter(source);
  let at = 0;
  for (let last = false; !last;) {
    const header = blocks.byte();
    last = (header & 1) === 1;
    const type = header >> 1;
    const form = type === BLOCK.compressed ? blocks.byte() : 0;
    const size = blocks.varint(Math.min(type === BLOCK.compressed ? MAX_BLOCK : MAX_STORED_BLOCK, content.length - at));
    const part = content.subarray(at, at + size);
    at += size;
    if (type === BLOCK.compressed) {
      const block = writeBlock(form, part);
      writeHeader(out, header, block.length);
      out.bytes(block);
    } else if (type === BLOCK.raw || type === BLOCK.repeated) {
      source.stored(size);
      writeHeader(out, header, size);
      out.bytes(type === BLOCK.raw ? part : part.subarray(0, 1));
    } else throw refuse("a block of a reserved type");
  }
  if (at !== content.length) throw refuse(`expected ${content.length} bytes of content, its blocks have ${at}`);
  if (checksum) out.bytes(blocks.bytes(CHECKSUM_BYTES));
}

function writeHeader(out: ByteWriter, flags: number, size: number): void {
  const header = flags + size * 8;
  out.bytes(Uint8Array.of(header & 0xff, (header >> 8) & 0xff, header >> 16));
}

/** Writes compressed blocks, one after the other. What it returns is valid until the next. */
function createBlockWriter({ blocks, sequences: read }: ParseSource): (form: number, part: Uint8Array) => Uint8Array {
  const bits = createBitWriter();
  const writeLiterals = createLiteralsWriter(bits).write;
  const tables = createTableState();
  const sequences = createSequences();
  const literals = new Uint8Array(MAX_BLOCK);
  return (form, part) => {
    const out = createByteWriter();
    sequences.count = blocks.varint(MAX_SEQUENCES);
    const tree = blocks.bytes(blocks.varint(MAX_TREE));
    const described = sequences.count === 0 ? undefined : describedTables(blocks, tables);
    read(sequences, part.length);
    writeLiterals({ form, tree }, literals.subarray(0, gather(sequences, part, literals)), out);
    writeCount(out, sequences.count);
    if (described !== undefined) {
      out.bytes(described.bytes);
      out.bytes(encodeSequences(sequences, described.tables, bits));
    }
    return out.finish();
  };
}

/** A block's tables, and the bytes that describe them. */
function describedTables(blocks: ByteReader, state: TableState): { tables: Tables; bytes: Uint8Array } {
  const start = blocks.rest();
  const modes = blocks.byte();
  const tables = state.next(modes, (_, use) => blocks.bytes(use(blocks.rest())));
  return { tables, bytes: start.subarray(0, start.length - blocks.rest().length) };
}

/** Puts what no match covers into `literals`. Returns how much it is. @throws AtomicError invalid */
function gather({ count, ...columns }: Sequences, part: Uint8Array, literals: Uint8Array): number {
  let at = 0;
  let gathered = 0;
  for (let i = 0; i < count; i++) {
    const length = columns.literals[i]!;
    const next = at + length + columns.matches[i]!;
    if (next > part.length) throw refuse("the sequences of a block are longer than it is");
    for (const end = at + length; at < end;) literals[gathered++] = part[at++]!;
    at = next;
  }
  literals.set(part.subarray(at), gathered);
  return gathered + part.length - at;
}

function writeCount(out: ByteWriter, count: number): void {
  if (count < 128) out.byte(count);
  else if (count < 0x7f00) out.bytes(Uint8Array.of((count >> 8) + 128, count & 0xff));
  else out.bytes(Uint8Array.of(255, (count - 0x7f00) & 0xff, (count - 0x7f00) >> 8));
}
