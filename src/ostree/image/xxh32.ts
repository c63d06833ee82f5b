/**
 * The 32-bit xxHash, which the kernel uses for EROFS' xattr name filter.
 * Spec: https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md
 */
import type { ByteString } from "../../bytes.ts";

const P1 = 0x9e3779b1;
const P2 = 0x85ebca77;
const P3 = 0xc2b2ae3d;
const P4 = 0x27d4eb2f;
const P5 = 0x165667b1;
const STRIPE = 16;

/** The hash of `text`'s bytes, an unsigned 32-bit integer. */
export function xxh32(text: ByteString, seed: number): number {
  let at = 0;
  let hash: number;
  if (text.length >= STRIPE) {
    const lanes: [number, number, number, number] = [seed + P1 + P2, seed + P2, seed, seed - P1];
    for (; at + STRIPE <= text.length; at += STRIPE) {
      for (let lane = 0; lane < lanes.length; lane++) {
        const sum = lanes[lane]! + Math.imul(word(text, at + 4 * lane), P2);
        lanes[lane] = Math.imul(rotate(sum, 13), P1);
      }
    }
    hash = rotate(lanes[0], 1) + rotate(lanes[1], 7) + rotate(lanes[2], 12) + rotate(lanes[3], 18);
  } else {
    hash = seed + P5;
  }
  hash = (hash + text.length) | 0;
  for (; at + 4 <= text.length; at += 4) hash = Math.imul(rotate(hash + Math.imul(word(text, at), P3), 17), P4);
  for (; at < text.length; at++) hash = Math.imul(rotate(hash + Math.imul(text.charCodeAt(at), P5), 11), P1);
  hash = Math.imul(hash ^ (hash >>> 15), P2);
  hash = Math.imul(hash ^ (hash >>> 13), P3);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

function word(text: string, at: number): number {
  return (
    text.charCodeAt(at) |
    (text.charCodeAt(at + 1) << 8) |
    (text.charCodeAt(at + 2) << 16) |
    (text.charCodeAt(at + 3) << 24)
  );
}
