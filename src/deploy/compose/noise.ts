/** Bytes that do not compress, yet are the same every time: they stand in for programs in a demo image. */
import { createHash } from "node:crypto";

/** The most bytes one file of noise may have. */
export const MAX_NOISE = 64 << 20;

/** `bytes` bytes made from `seed`: the SHA-256 digests of `seed:0`, `seed:1`, … one after another. */
export function noise(seed: string, bytes: number): Buffer {
  const content = Buffer.alloc(bytes);
  for (let at = 0, block = 0; at < bytes; at += 32, block++) {
    createHash("sha256").update(`${seed}:${block}`).digest().copy(content, at);
  }
  return content;
}
