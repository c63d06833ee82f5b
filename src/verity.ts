/**
 * The fs-verity file digest: a SHA-256 Merkle tree over 4096-byte blocks, no salt, then SHA-256 of the descriptor.
 * What `FS_IOC_MEASURE_VERITY` returns for the same bytes.
 * Spec: https://docs.kernel.org/filesystems/fsverity.html#fs-verity-descriptor
 */
import { hash } from "node:crypto";
import type { Checksum, Hasher } from "./digest.ts";

const BLOCK = 4096;
const HASH = 32;

/** A streaming fs-verity digest; memory is one block per tree level (5 levels reach 128 TiB). */
export function createVerityHasher(): Hasher {
  let size = 0;
  const pending = Buffer.allocUnsafe(BLOCK);
  let filled = 0;
  const levels: { block: Buffer; filled: number }[] = [];

  function push(level: number, hash: Uint8Array): void {
    const at = (levels[level] ??= { block: Buffer.allocUnsafe(BLOCK), filled: 0 });
    if (at.filled === BLOCK) flush(level);
    at.block.set(hash, at.filled);
    at.filled += HASH;
  }
  function flush(level: number): void {
    const at = levels[level]!;
    at.block.fill(0, at.filled);
    push(level + 1, sha256(at.block));
    at.filled = 0;
  }

  return {
    update(chunk) {
      size += chunk.length;
      let offset = 0;
      if (filled > 0) {
        offset = Math.min(BLOCK - filled, chunk.length);
        pending.set(chunk.subarray(0, offset), filled);
        filled += offset;
        if (filled < BLOCK) return;
        push(0, sha256(pending));
        filled = 0;
      }
      for (; offset + BLOCK <= chunk.length; offset += BLOCK) push(0, sha256(chunk.subarray(offset, offset + BLOCK)));
      pending.set(chunk.subarray(offset), 0);
      filled = chunk.length - offset;
    },
    digest() {
      if (filled > 0) push(0, sha256(pending.fill(0, filled)));
      if (size === 0) return descriptorDigest(0, Buffer.alloc(HASH));
      for (let level = 0; level < levels.length - 1 || levels[level]!.filled > HASH; level++) flush(level);
      return descriptorDigest(size, levels.at(-1)!.block.subarray(0, HASH));
    },
  };
}

/** The fs-verity digest of `bytes`. */
export function verityOf(bytes: Uint8Array): Checksum {
  const hasher = createVerityHasher();
  hasher.update(bytes);
  return hasher.digest();
}

function descriptorDigest(size: number, root: Uint8Array): Checksum {
  const descriptor = Buffer.alloc(256);
  descriptor[0] = 1; // version
  descriptor[1] = 1; // FS_VERITY_HASH_ALG_SHA256
  descriptor[2] = 12; // log2 of the block size
  descriptor.writeBigUInt64LE(BigInt(size), 8);
  descriptor.set(root, 16);
  return sha256(descriptor).toString("hex") as Checksum;
}

function sha256(bytes: Uint8Array): Buffer {
  return hash("sha256", bytes, "buffer");
}
