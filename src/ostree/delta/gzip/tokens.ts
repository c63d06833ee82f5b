/** What a deflate stream is made of (RFC 1951): blocks of literals and matches, and the codes they are written with. */
import type { ByteReader } from "../byte-reader.ts";
import { type ByteWriter, createByteWriter } from "../byte-writer.ts";
import { createBitWriter } from "../zstd/bits.ts";
import { type BitReader, createBitReader } from "./bit-reader.ts";
import {
  DISTANCE_CODES,
  distanceCode,
  DISTANCES,
  END,
  fixedCodes,
  type Huffman,
  huffman,
  lengthCode,
  LENGTHS,
  LITERALS,
  refuse,
} from "./codes.ts";

const STORED = 0;
const FIXED = 1;
const DYNAMIC = 2;
const MAX_STORED = 0xffff;
const LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
/** More bits than any description of codes has. */
const MAX_DESCRIPTION = 8192;

/** Takes tokens, or gives them, in order: a length of 0 is a literal. */
export interface TokenSink {
  token(length: number, distance: number): void;
  /** So many bytes that were stored. */
  stored(count: number): void;
}
export interface TokenSource {
  /** The next token. @throws AtomicError invalid */
  next(): { length: number; distance: number };
  stored(count: number): void;
}

interface Codes {
  literals: Huffman;
  distances: Huffman;
}

/**
 * Takes a stream apart. How it is split in blocks and coded goes to `blocks`. Returns how many bytes it has.
 * @throws AtomicError invalid
 */
export function readDeflate(bytes: Uint8Array, blocks: ByteWriter, sink: TokenSink): number {
  const input = createBitReader(bytes);
  for (let last = 0; last === 0;) {
    last = input.read(1);
    const type = input.read(2);
    blocks.byte(last + 2 * type);
    if (type === STORED) {
      input.align();
      const count = input.read(16);
      if ((count ^ input.read(16)) !== 0xffff) throw refuse("a stored block's lengths disagree");
      input.skipBytes(count);
      blocks.varint(count);
      sink.stored(count);
    } else if (type === FIXED) blocks.varint(readTokens(input, fixedCodes(), sink));
    else if (type === DYNAMIC) {
      const start = input.at();
      const codes = readCodes(input);
      writeBits(bytes, start, input.at(), blocks);
      blocks.varint(readTokens(input, codes, sink));
    } else throw refuse("a block of a reserved type");
  }
  return input.align();
}

function readTokens(input: BitReader, { literals, distances }: Codes, sink: TokenSink): number {
  for (let count = 0; ; count++) {
    const symbol = input.symbol(literals);
    if (symbol === END) return count;
    if (symbol < END) {
      sink.token(0, symbol);
      continue;
    }
    const code = symbol - END - 1;
    if (code >= LENGTHS.bits.length) throw refuse("a length of no meaning");
    const length = LENGTHS.bases[code]! + input.read(LENGTHS.bits[code]!);
    const far = input.symbol(distances);
    if (far >= DISTANCES) throw refuse("a distance of no meaning");
    sink.token(length, DISTANCE_CODES.bases[far]! + input.read(DISTANCE_CODES.bits[far]!));
  }
}

/** @throws AtomicError invalid */
function readCodes(input: BitReader): Codes {
  const literalCount = input.read(5) + 257;
  const distanceCount = input.read(5) + 1;
  const lengthLengths = new Uint8Array(19);
  for (let i = 0, count = input.read(4) + 4; i < count; i++) lengthLengths[LENGTH_ORDER[i]!] = input.read(3);
  const lengthCodes = huffman(lengthLengths);
  const lengths = new Uint8Array(literalCount + distanceCount);
  for (let at = 0; at < lengths.length;) {
    const symbol = input.symbol(lengthCodes);
    if (symbol < 16) {
      lengths[at++] = symbol;
      continue;
    }
    if (symbol === 16 && at === 0) throw refuse("no length to repeat");
    const value = symbol === 16 ? lengths[at - 1]! : 0;
    const count = symbol === 16 ? 3 + input.read(2) : symbol === 17 ? 3 + input.read(3) : 11 + input.read(7);
    if (at + count > lengths.length) throw refuse("too many lengths");
    lengths.fill(value, at, at + count);
    at += count;
  }
  if (literalCount > LITERALS) throw refuse("too many literals");
  return { literals: huffman(lengths.subarray(0, literalCount)), distances: huffman(lengths.subarray(literalCount)) };
}

/** The bits from `start` to `end`: how many, and in bytes. */
function writeBits(bytes: Uint8Array, start: number, end: number, out: ByteWriter): void {
  out.varint(end - start);
  for (let at = start; at < end; at += 8) {
    const word = bytes[at >> 3]! | ((bytes[(at >> 3) + 1] ?? 0) << 8);
    const count = Math.min(8, end - at);
    out.byte((word >> (at & 7)) & ((1 << count) - 1));
  }
}

/**
 * Makes the stream again. What is written is bounded: a few bytes for each token and block.
 * @throws AtomicError invalid when blocks and tokens are not those of this content
 */
export function writeDeflate(content: Uint8Array, blocks: ByteReader, source: TokenSource): Uint8Array {
  const out = createByteWriter();
  const bits = createBitWriter();
  let at = 0;
  for (let last = 0; last === 0;) {
    const header = blocks.byte();
    const type = header >> 1;
    last = header & 1;
    bits.write(header, 3);
    if (type === STORED) {
      bits.align();
      const count = blocks.varint(Math.min(MAX_STORED, content.length - at));
      bits.write(count, 16);
      bits.write(~count, 16);
      out.bytes(bits.take());
      out.bytes(content.subarray(at, at + count));
      source.stored(count);
      at += count;
      continue;
    }
    if (type !== FIXED && type !== DYNAMIC) throw refuse("a block of a reserved type");
    const { literals, distances } =
      type === FIXED ? fixedCodes() : copyCodes(blocks, (value, count) => bits.write(value, count));
    const put = ({ lengths, reversed }: Huffman, symbol: number): void => {
      const length = lengths[symbol] ?? 0;
      if (length === 0) throw refuse("a symbol has no code");
      bits.write(reversed[symbol]!, length);
    };
    for (let left = blocks.varint(content.length - at); left > 0; left--) {
      const { length, distance } = source.next();
      if (length === 0) {
        if (at >= content.length) throw refuse("more literals than content");
        put(literals, content[at]!);
        at++;
        continue;
      }
      const code = lengthCode(length);
      put(literals, END + 1 + code);
      bits.write(length - LENGTHS.bases[code]!, LENGTHS.bits[code]!);
      const far = distanceCode(distance);
      put(distances, far);
      bits.write(distance - DISTANCE_CODES.bases[far]!, DISTANCE_CODES.bits[far]!);
      at += length;
    }
    put(literals, END);
  }
  if (at !== content.length) throw refuse(`expected ${content.length} bytes of content, its blocks have ${at}`);
  bits.align();
  out.bytes(bits.take());
  return out.finish();
}

/** The codes that come next in `blocks`; their description is written as it was. */
function copyCodes(blocks: ByteReader, write: (value: number, count: number) => void): Codes {
  const count = blocks.varint(MAX_DESCRIPTION);
  const bytes = blocks.bytes((count + 7) >> 3);
  const input = createBitReader(bytes);
  const codes = readCodes(input);
  if (input.at() !== count) throw refuse("a description of another length");
  bytes.forEach((byte, i) => write(byte, Math.min(8, count - 8 * i)));
  return codes;
}
