/** A file object written piece by piece: both digests in the same pass, holes kept. */
import { join } from "node:path";
import { createHasher } from "../digest.ts";
import { createVerityHasher } from "../verity.ts";
import type { ContentDigests } from "./stat-cache.ts";
import { isIntact, noteStaged, OBJECT_MODE, stagedFile, type Transaction } from "./transaction.ts";

/** A piece of zeros up to this size becomes a hole. Bytes. */
const MAX_HOLE = 1 << 20;
const ZEROS = Buffer.alloc(MAX_HOLE);

export interface ContentStager {
  write(chunk: Uint8Array): void;
  /** Stages what was written, unless an intact object holds it already. */
  finish(): ContentDigests;
  /** Gives up; the end of the transaction removes what was written. */
  abandon(): void;
}

/**
 * Begins a file object. One of `finish` and `abandon` ends it.
 * @param name tells it from others that are written at the same time
 */
export function createContentStager(transaction: Transaction, name: string): ContentStager {
  const { disk } = transaction.repo;
  const partial = join(transaction.staging, `partial-${name}`);
  const file = disk.create(partial, OBJECT_MODE);
  const hasher = createHasher();
  const verity = createVerityHasher();
  let size = 0;
  return {
    write(chunk) {
      hasher.update(chunk);
      verity.update(chunk);
      if (chunk.length <= MAX_HOLE && ZEROS.subarray(0, chunk.length).equals(chunk)) file.skip(chunk.length);
      else file.write(chunk);
      size += chunk.length;
    },
    finish() {
      file.close();
      const digests = { checksum: hasher.digest(), verity: verity.digest() };
      if (
        transaction.staged.has(`${digests.checksum}.file`) ||
        isIntact(transaction.repo, digests.checksum, "file", size)
      ) {
        disk.unlink(partial);
      } else {
        disk.rename(partial, stagedFile(transaction, digests.checksum, "file"));
        noteStaged(transaction, digests.checksum, "file", size);
      }
      return digests;
    },
    abandon: () => file.close(),
  };
}
