/** A block's literals (RFC 8878, 3.1.1.3.1): how they are written; what they are follows from the content. */
import type { ByteWriter } from "../byte-writer.ts";
import { type BitWriter, refuse } from "./bits.ts";
import { encodeStream, type HuffmanCodes, readCodes, treeLength } from "./huffman.ts";

const TYPE = { raw: 0, repeated: 1, coded: 2, treeless: 3 } as const;
const JUMPS = 6;
/** Bits for each size, by the format of a coded section. */
const SIZE_BITS = [10, 10, 14, 18] as const;

/** How literals are written: type and size format, as in the lowest four bits of the section. */
export interface LiteralsForm {
  form: number;
  /** The Huffman tree's description; empty where there is none. */
  tree: Uint8Array;
}

/** Reads the section that begins `bytes`. Its length in the frame, and the number of literals. @throws AtomicError invalid */
export function readLiterals(bytes: Uint8Array): LiteralsForm & { length: number; count: number } {
  const first = bytes[0] ?? 0;
  const type = first & 3;
  const format = (first >> 2) & 3;
  const header = number(bytes);
  if (type === TYPE.raw || type === TYPE.repeated) {
    const size = format === 1 ? 2 : format === 3 ? 3 : 1;
    const count = size === 1 ? first >> 3 : Math.floor(header / 16) % 2 ** (8 * size - 4);
    const length = size + (type === TYPE.raw ? count : 1);
    return {
      form: size === 1 ? first & 7 : first & 15,
      tree: bytes.subarray(0, 0),
      count,
      length: within(bytes, length),
    };
  }
  const bits = SIZE_BITS[format]!;
  const count = Math.floor(header / 16) % 2 ** bits;
  const size = Math.floor(header / 2 ** (4 + bits)) % 2 ** bits;
  const start = headerBytes(format);
  const length = within(bytes, start + size);
  const coded = bytes.subarray(start, length);
  const tree = type === TYPE.coded ? coded.subarray(0, treeLength(coded)) : coded.subarray(0, 0);
  return { form: first & 15, tree, count, length };
}

function within(bytes: Uint8Array, length: number): number {
  if (length > bytes.length) throw refuse("literals are cut short");
  return length;
}

/** The first five bytes as a number. */
function number(bytes: Uint8Array): number {
  return [4, 3, 2, 1, 0].reduce((value, i) => value * 256 + (bytes[i] ?? 0), 0);
}

function headerBytes(format: number): number {
  return (4 + 2 * SIZE_BITS[format]! + 7) >> 3;
}

/** Has the trees of a frame as they come by. */
export interface LiteralsWriter {
  /** Writes the section of `literals`. @throws AtomicError invalid when they cannot be written so */
  write(form: LiteralsForm, literals: Uint8Array, out: ByteWriter): void;
}

export function createLiteralsWriter(bits: BitWriter): LiteralsWriter {
  let codes: HuffmanCodes | undefined;
  return {
    write({ form, tree }, literals, out) {
      const type = form & 3;
      const format = form >> 2;
      if (type === TYPE.raw || type === TYPE.repeated) {
        writeNumber(
          out,
          form + literals.length * (format === 1 || format === 3 ? 16 : 8),
          format === 1 ? 2 : format === 3 ? 3 : 1,
        );
        out.bytes(type === TYPE.raw ? literals : literals.subarray(0, 1));
        return;
      }
      if (type === TYPE.coded) {
        if (tree.length === 0 || treeLength(tree) !== tree.length) throw refuse("a Huffman tree of another length");
        codes = readCodes(tree);
      }
      if (codes === undefined) throw refuse("no Huffman tree to repeat");
      const streams =
        format === 0 ? [Uint8Array.from(encodeStream(codes, literals, bits))] : fourStreams(codes, literals, bits);
      const size = streams.reduce((sum, { length }) => sum + length, tree.length);
      const width = SIZE_BITS[format]!;
      writeNumber(out, form + 16 * (literals.length + 2 ** width * size), headerBytes(format));
      out.bytes(tree);
      for (const stream of streams) out.bytes(stream);
    },
  };
}

/** The lengths of the first three, then all four. */
function fourStreams(codes: HuffmanCodes, literals: Uint8Array, bits: BitWriter): Uint8Array[] {
  const quarter = (literals.length + 3) >> 2;
  const streams = [0, 1, 2, 3].map((i) =>
    Uint8Array.from(
      encodeStream(codes, literals.subarray(i * quarter, i === 3 ? literals.length : (i + 1) * quarter), bits),
    ),
  );
  const jumps = new Uint8Array(JUMPS);
  streams.slice(0, 3).forEach(({ length }, i) => new DataView(jumps.buffer).setUint16(2 * i, length, true));
  return [jumps, ...streams];
}

function writeNumber(out: ByteWriter, value: number, length: number): void {
  for (let i = 0, rest = value; i < length; i++, rest = Math.floor(rest / 256)) out.byte(rest % 256);
}
