/** A delta file on disk: where a store publishes it, and reading it block by block. */
import { dirname } from "node:path";
import { zstdDecompressSync } from "node:zlib";
import { type Checksum, checksumOf } from "../../digest.ts";
import { AtomicError } from "../../errors.ts";
import { close, O_NOFOLLOW, O_RDONLY, open, pread } from "../../linux/index.ts";
import type { Repo } from "../repo.ts";
import { type DeltaBlock, type DeltaHead, deltaHeadBytes, parseDeltaHead, PREAMBLE_BYTES } from "./delta-head.ts";
import type { Delta } from "./generate-delta.ts";

export interface DeltaFile {
  head: DeltaHead;
  /** The next block's content; blocks are read in the order of the file. @throws AtomicError invalid, corrupt */
  next(block: DeltaBlock): Uint8Array;
}

/** Absolute path of the delta between two commits in the store that publishes it. */
export function deltaPath(repo: Repo, from: Checksum, to: Checksum): string {
  return `${repo.path}/deltas/${from}-${to}.delta`;
}

/** Writes a delta file durably, with its directory if need be. Returns its size in bytes. @throws KernelError */
export function writeDelta({ disk }: Repo, { content }: Delta, path: string): number {
  const bytes = Buffer.concat(content);
  disk.ensureDirectory(dirname(path), 0o755);
  disk.replaceFile(path, bytes, 0o644);
  return bytes.length;
}

/**
 * Opens the delta file at `path` for `use`.
 * @throws AtomicError invalid (no delta), corrupt (its head was changed); KernelError
 */
export function withDeltaFile<T>(path: string, use: (file: DeltaFile) => T): T {
  const fd = open(path, O_RDONLY | O_NOFOLLOW);
  const take = (at: number, size: number): Buffer => {
    const bytes = Buffer.allocUnsafe(size);
    return bytes.subarray(0, pread(fd, bytes, at));
  };
  try {
    const length = deltaHeadBytes(take(0, PREAMBLE_BYTES));
    let at = length;
    return use({
      head: parseDeltaHead(take(0, length)),
      next(block) {
        const bytes = take(at, block.size);
        at += block.size;
        return decompressBlock(block, bytes);
      },
    });
  } finally {
    close(fd);
  }
}

function decompressBlock({ rawSize, checksum }: DeltaBlock, bytes: Uint8Array): Uint8Array {
  const found = checksumOf(bytes);
  if (found !== checksum) {
    throw new AtomicError("corrupt", `reading a delta: a block should hash to ${checksum}, found ${found}`);
  }
  let raw: Uint8Array;
  try {
    raw = zstdDecompressSync(bytes, { maxOutputLength: Math.max(rawSize, 1) });
  } catch (error) {
    throw new AtomicError("invalid", `reading a delta: block ${checksum} does not decompress`, { cause: error });
  }
  if (raw.length !== rawSize) {
    throw new AtomicError("invalid", `reading a delta: block ${checksum} has ${raw.length} bytes, expected ${rawSize}`);
  }
  return raw;
}
