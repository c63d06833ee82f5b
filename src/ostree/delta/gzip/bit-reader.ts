/** The bits of a deflate stream, from the lowest of the first byte on. */
import { type Huffman, refuse } from "./codes.ts";

export interface BitReader {
  /** The next `count` (at most 16) bits. @throws AtomicError invalid at the end */
  read(count: number): number;
  /** The next symbol. @throws AtomicError invalid */
  symbol(code: Huffman): number;
  /** Bits read so far. */
  at(): number;
  /** Goes on at the next whole byte, whose place it returns. */
  align(): number;
  skipBytes(count: number): void;
}

export function createBitReader(bytes: Uint8Array): BitReader {
  const end = 8 * bytes.length;
  let at = 0;
  const read = (count: number): number => {
    if (at + count > end) throw refuse("it is cut short");
    const byte = at >> 3;
    const word = bytes[byte]! | ((bytes[byte + 1] ?? 0) << 8) | ((bytes[byte + 2] ?? 0) << 16);
    const value = (word >> (at & 7)) & ((1 << count) - 1);
    at += count;
    return value;
  };
  return {
    read,
    symbol({ counts, symbols }) {
      let [code, first, index] = [0, 0, 0];
      for (let length = 1; length < counts.length; length++) {
        if (at >= end) throw refuse("it is cut short");
        code |= (bytes[at >> 3]! >> (at & 7)) & 1;
        at++;
        const count = counts[length]!;
        if (code - count < first) return symbols[index + code - first]!;
        index += count;
        first = (first + count) << 1;
        code <<= 1;
      }
      throw refuse("no code");
    },
    at: () => at,
    align() {
      at = 8 * Math.ceil(at / 8);
      return at / 8;
    },
    skipBytes(count) {
      if (at + 8 * count > end) throw refuse("it is cut short");
      at += 8 * count;
    },
  };
}
