/**
 * Files with zstd frames in them, as an initramfs or a kernel has, and the same with the frames' contents and parses.
 * Layout: docs/formats.md, "delta".
 */
import { isAtomicError } from "../../../errors.ts";
import { createByteReader } from "../byte-reader.ts";
import { createByteWriter } from "../byte-writer.ts";
import { refuse } from "./bits.ts";
import { predictFrame } from "./choose-compressor.ts";
import { COMPRESSORS } from "./compressors.ts";
import { FRAME_MAGIC, frameLength } from "./frame-layout.ts";
import { decompressFrame, recordFrame } from "./recorded-frame.ts";
import { createPlainReader, createPlainWriter, createPredictedReader, type SequenceReader } from "./sequence-codecs.ts";
import { writeFrame } from "./write-frame.ts";

/** What is kept of a frame besides its content. */
interface Parse {
  /** How its sequences are written: 0 all of them, n where they are not those of compressor n - 1. */
  form: number;
  blocks: Uint8Array;
  sequences: Uint8Array;
}
interface Piece {
  /** What precedes the frame. */
  before: Uint8Array;
  content: Uint8Array;
  parse: Parse;
}

const PLAIN = 0;
const MAX_FRAMES = 64;
/** Places looked at that only begin like a frame. */
const MAX_TRIES = 256;
const MAGIC = Buffer.alloc(4);
MAGIC.writeUInt32LE(FRAME_MAGIC);

/**
 * The file with those frames unpacked that can be predicted; undefined when there are none. `max` bounds what all their
 * contents have together.
 */
export function unpackPredicted(bytes: Uint8Array, max: number): Uint8Array | undefined {
  return unpackFile(bytes, max, (frame, left) => {
    const recorded = recordFrame(frame, left);
    const predicted = predictFrame(recorded);
    if (predicted === undefined) throw refuse("no known compressor made it");
    const { content, blocks } = recorded;
    return { content, parse: { form: predicted.compressor + 1, blocks, sequences: predicted.sequences } };
  });
}

/** The file with all frames unpacked and all their sequences; undefined when there are none. */
export function unpackPlain(bytes: Uint8Array, max: number): Uint8Array | undefined {
  return unpackFile(bytes, max, (frame, left) => {
    const { content, blocks, replay } = recordFrame(frame, left);
    return { content, parse: { form: PLAIN, blocks, sequences: replay(createPlainWriter()).finish() } };
  });
}

/** The file with the contents of its frames in their places, which cannot be packed again; undefined without frames. */
export function unpackContents(bytes: Uint8Array, max: number): Uint8Array | undefined {
  const { pieces, rest } = splitFile(bytes, max, (frame, left) => ({ content: decompressFrame(frame, left) }));
  return pieces.length === 0
    ? undefined
    : Buffer.concat([...pieces.flatMap(({ before, content }) => [before, content]), rest]);
}

function unpackFile(
  bytes: Uint8Array,
  max: number,
  read: (frame: Uint8Array, left: number) => { content: Uint8Array; parse: Parse },
): Uint8Array | undefined {
  const { pieces, rest } = splitFile(bytes, max, read);
  return pieces.length === 0 ? undefined : encodePieces(pieces, rest);
}

/** Looks for frames of at most `max` bytes of content together; what cannot be read as one is left as it is. */
function splitFile<T extends { content: Uint8Array }>(
  bytes: Uint8Array,
  max: number,
  read: (frame: Uint8Array, left: number) => T,
): { pieces: (T & { before: Uint8Array })[]; rest: Uint8Array } {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const pieces: (T & { before: Uint8Array })[] = [];
  let start = 0;
  let left = max;
  let at = view.indexOf(MAGIC);
  for (let tries = 0; at >= 0 && tries < MAX_TRIES && pieces.length < MAX_FRAMES; tries++) {
    const frame = bytes.subarray(at);
    const found = attempt(() => {
      const length = frameLength(frame);
      return { length, piece: read(frame.subarray(0, length), left) };
    });
    if (found !== undefined) {
      pieces.push({ ...found.piece, before: bytes.subarray(start, at) });
      start = at + found.length;
      left -= found.piece.content.length;
    }
    at = view.indexOf(MAGIC, found === undefined ? at + 1 : start);
  }
  return { pieces, rest: bytes.subarray(start) };
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isAtomicError(error, "invalid")) return undefined;
    throw error;
  }
}

function encodePieces(pieces: readonly Piece[], rest: Uint8Array): Uint8Array {
  const out = createByteWriter();
  out.varint(pieces.length);
  for (const { before, content, parse } of pieces) {
    for (const { length } of [before, content, parse.blocks, parse.sequences]) out.varint(length);
    out.varint(parse.form);
  }
  for (const { before, content } of pieces) {
    out.bytes(before);
    out.bytes(content);
  }
  out.varint(rest.length);
  out.bytes(rest);
  for (const { parse } of pieces) {
    out.bytes(parse.blocks);
    out.bytes(parse.sequences);
  }
  return out.finish();
}

/** The file of which `unpacked`, which is untrusted, was made. @throws AtomicError invalid when it is none */
export function packZstd(unpacked: Uint8Array): Uint8Array {
  const input = createByteReader(unpacked, "an unpacked file");
  const sizes = Array.from({ length: input.varint(MAX_FRAMES) }, () => ({
    before: input.varint(unpacked.length),
    content: input.varint(unpacked.length),
    blocks: input.varint(unpacked.length),
    sequences: input.varint(unpacked.length),
    form: input.varint(COMPRESSORS.length),
  }));
  const pieces = sizes.map(({ before, content }) => ({ before: input.bytes(before), content: input.bytes(content) }));
  const rest = input.bytes(input.varint(unpacked.length));
  const out = createByteWriter();
  sizes.forEach((size, i) => {
    const { before, content } = pieces[i]!;
    out.bytes(before);
    const blocks = createByteReader(input.bytes(size.blocks), "a frame's blocks");
    const sequences = readerOf(size.form, content, input.bytes(size.sequences));
    writeFrame(content, { blocks, ...sequences }, out);
    blocks.end();
  });
  input.end();
  out.bytes(rest);
  return out.finish();
}

function readerOf(form: number, content: Uint8Array, bytes: Uint8Array): SequenceReader {
  const input = createByteReader(bytes, "a frame's sequences");
  return form === PLAIN ? createPlainReader(input) : createPredictedReader(content, COMPRESSORS[form - 1]!, input);
}
