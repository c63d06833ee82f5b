/** Huffman codes of literals (RFC 8878, 4.2): read from a tree description, to encode with. */
import { type BitWriter, createBackwardReader, refuse } from "./bits.ts";
import { decodeTable, readCounts } from "./fse.ts";

const MAX_SYMBOLS = 256;
const MAX_BITS = 11;
const WEIGHTS = { maxLog: 6, maxSymbol: MAX_BITS + 1 } as const;
/** From this header on weights are four bits each; below, it is the length of what FSE made of them. */
const DIRECT = 128;

export interface HuffmanCodes {
  /** By byte; a byte of no bits has no code. */
  codes: Uint16Array;
  bits: Uint8Array;
}

/** Bytes of the tree description that begins `bytes`. @throws AtomicError invalid */
export function treeLength(bytes: Uint8Array): number {
  const header = bytes[0] ?? 0;
  const length = 1 + (header < DIRECT ? header : (header - DIRECT + 2) >> 1);
  if (length > bytes.length) throw refuse("a Huffman tree is cut short");
  return length;
}

/** The codes that a whole tree description stands for. @throws AtomicError invalid */
export function readCodes(tree: Uint8Array): HuffmanCodes {
  const header = tree[0]!;
  const weights = header < DIRECT ? decodeWeights(tree.subarray(1)) : directWeights(tree, header - DIRECT + 1);
  const sum = weights.reduce((total, weight) => total + (weight === 0 ? 0 : 1 << (weight - 1)), 0);
  const most = 32 - Math.clz32(sum);
  const rest = (1 << most) - sum;
  if (sum === 0 || most > MAX_BITS || weights.length >= MAX_SYMBOLS || (rest & (rest - 1)) !== 0) {
    throw refuse("a Huffman tree is not complete");
  }
  weights.push(32 - Math.clz32(rest));
  return assignCodes(weights, most);
}

function directWeights(tree: Uint8Array, count: number): number[] {
  return Array.from({ length: count }, (_, i) => {
    const two = tree[1 + (i >> 1)]!;
    return i % 2 === 0 ? two >> 4 : two & 15;
  });
}

/** Two states take turns until one needs bits that are not there. */
function decodeWeights(bytes: Uint8Array): number[] {
  const counts = readCounts(bytes, WEIGHTS);
  const { log, symbols, bits, bases } = decodeTable(counts);
  const input = createBackwardReader(bytes.subarray(counts.length));
  const weights: number[] = [];
  const states = [input.read(log), input.read(log)];
  if (input.left() < 0) throw refuse("the weights of a Huffman tree are cut short");
  for (let turn = 0; weights.length < MAX_SYMBOLS; turn ^= 1) {
    const state = states[turn]!;
    weights.push(symbols[state]!);
    states[turn] = bases[state]! + input.read(bits[state]!);
    if (input.left() >= 0) continue;
    weights.push(symbols[states[turn ^ 1]!]!);
    break;
  }
  return weights;
}

/** Longest codes first, those of one length in the order of their bytes. */
function assignCodes(weights: readonly number[], most: number): HuffmanCodes {
  const perLength = new Int32Array(MAX_BITS + 2);
  const bits = new Uint8Array(MAX_SYMBOLS);
  weights.forEach((weight, byte) => {
    bits[byte] = weight === 0 ? 0 : most + 1 - weight;
    perLength[bits[byte]]!++;
  });
  const next = new Int32Array(MAX_BITS + 2);
  for (let length = most, first = 0; length > 0; length--) {
    next[length] = first;
    first = (first + perLength[length]!) >> 1;
  }
  const codes = new Uint16Array(MAX_SYMBOLS);
  weights.forEach((_, byte) => {
    if (bits[byte]! > 0) codes[byte] = next[bits[byte]!]!++;
  });
  return { codes, bits };
}

/** One stream of `bytes`, the last of them first. @throws AtomicError invalid when one has no code */
export function encodeStream({ codes, bits }: HuffmanCodes, bytes: Uint8Array, out: BitWriter): Uint8Array {
  for (let i = bytes.length - 1; i >= 0; i--) {
    const byte = bytes[i]!;
    if (bits[byte] === 0) throw refuse("a literal has no code");
    out.write(codes[byte]!, bits[byte]!);
  }
  return out.finish();
}
