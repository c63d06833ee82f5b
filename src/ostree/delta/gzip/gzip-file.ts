/** A gzip file (RFC 1952) of one member, and the same with its content and its parse. Layout: docs/formats.md, "delta". */
import { gunzipSync } from "node:zlib";
import { isAtomicError } from "../../../errors.ts";
import { createByteReader } from "../byte-reader.ts";
import { createByteWriter } from "../byte-writer.ts";
import { MAX_MATCH, refuse } from "./codes.ts";
import { createGzipParser, LEVELS } from "./gzip-parser.ts";
import { readDeflate, writeDeflate } from "./tokens.ts";

const HEADER = 10;
const MAGIC = [0x1f, 0x8b, 8] as const;
const FLAG = { headerCrc: 2, extra: 4, name: 8, comment: 16 } as const;
const MAX_DISTANCE = 32768;
/** Where a compressor says how hard it tried, and what the hardest says. */
const EFFORT = { at: 8, most: 2 } as const;
/** A prediction is worth it when one token in so many, or fewer, is not as predicted. */
const WORTH = 8;

/** What a gzip file holds, if at most `max` bytes, and how; undefined when it is none, or no known compressor made it. */
export function unpackGzip(bytes: Uint8Array, max: number): Uint8Array | undefined {
  const content = gzipContent(bytes, max);
  if (content === undefined) return undefined;
  try {
    return unpack(bytes, content);
  } catch (error) {
    if (isAtomicError(error, "invalid")) return undefined;
    throw error;
  }
}

function unpack(bytes: Uint8Array, content: Uint8Array): Uint8Array | undefined {
  const start = headerLength(bytes);
  const level = bytes[EFFORT.at] === EFFORT.most ? 1 : 0;
  const parser = createGzipParser(content, LEVELS[level]!);
  const blocks = createByteWriter();
  const tokens = createByteWriter();
  let [right, wrong, count] = [0, 0, 0];
  const length = readDeflate(bytes.subarray(start), blocks, {
    token(length, distance) {
      const predicted = parser.predict();
      count++;
      if (predicted.length === length && (length === 0 || predicted.distance === distance)) right++;
      else {
        tokens.varint(right);
        tokens.varint(length);
        if (length > 0) tokens.varint(distance);
        [right, wrong] = [0, wrong + 1];
      }
      parser.accept(length);
    },
    stored() {
      throw refuse("a stored block is not predicted");
    },
  });
  if (wrong * WORTH > count) return undefined;
  tokens.varint(right);
  const out = createByteWriter();
  for (const part of [bytes.subarray(0, start), content, blocks.finish(), tokens.finish()]) {
    out.varint(part.length);
    out.bytes(part);
  }
  out.byte(level);
  out.bytes(bytes.subarray(start + length));
  return out.finish();
}

/** What a gzip file holds, if at most `max` bytes; undefined when it is none. */
export function gzipContent(bytes: Uint8Array, max: number): Uint8Array | undefined {
  if (MAGIC.some((byte, i) => bytes[i] !== byte)) return undefined;
  try {
    return gunzipSync(bytes, { maxOutputLength: max });
  } catch {
    return undefined;
  }
}

/** @throws AtomicError invalid */
function headerLength(bytes: Uint8Array): number {
  const flags = bytes[3] ?? 0;
  let at = HEADER;
  if ((flags & FLAG.extra) !== 0) at += 2 + (bytes[at] ?? 0) + 256 * (bytes[at + 1] ?? 0);
  for (const flag of [FLAG.name, FLAG.comment]) {
    if ((flags & flag) !== 0) at = bytes.indexOf(0, at) + 1 || bytes.length;
  }
  if ((flags & FLAG.headerCrc) !== 0) at += 2;
  if (at >= bytes.length) throw refuse("its header is cut short");
  return at;
}

/** The file of which `unpacked`, which is untrusted, was made. @throws AtomicError invalid when it is none */
export function packGzip(unpacked: Uint8Array): Uint8Array {
  const input = createByteReader(unpacked, "an unpacked gzip file");
  const part = (): Uint8Array => input.bytes(input.varint(unpacked.length));
  const [header, content, blocks, tokens] = [part(), part(), part(), part()];
  const level = LEVELS[input.byte()];
  if (level === undefined) throw refuse("no known compressor");
  const parser = createGzipParser(content, level);
  const corrections = createByteReader(tokens, "a gzip file's tokens");
  let right = corrections.varint(content.length);
  const stream = writeDeflate(content, createByteReader(blocks, "a gzip file's blocks"), {
    next() {
      let token = parser.predict();
      if (right > 0) right--;
      else {
        const length = corrections.varint(MAX_MATCH);
        token = { length, distance: length === 0 ? 0 : corrections.varint(MAX_DISTANCE) };
        right = corrections.varint(content.length);
      }
      parser.accept(token.length);
      return token;
    },
    stored() {
      throw refuse("a stored block is not predicted");
    },
  });
  return Buffer.concat([header, stream, input.rest()]);
}
