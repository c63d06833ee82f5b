/** Applying a delta: what its commit needs is made from what the store has, and checked before it gets a name. */
import { type Checksum, createHasher } from "../../digest.ts";
import { AtomicError } from "../../errors.ts";
import { noProgress, type Progress } from "../../progress.ts";
import { withRepoLock } from "../lock.ts";
import { objectFile } from "../object-store.ts";
import { type RefName, writeRef } from "../ref.ts";
import type { Repo } from "../repo.ts";
import { noteStaged, OBJECT_MODE, stagedFile, transact, type Transaction } from "../transaction.ts";
import { withDeltaFile } from "./delta-file.ts";
import { listDeltaObjects } from "./delta-objects.ts";
import { makeObjects, type Workbench } from "./make-objects.ts";

export interface ApplyDeltaOptions {
  /** The delta file. */
  file: string;
  /** Moved to the commit once it is complete. */
  ref?: RefName;
  progress?: Progress;
}
export interface ApplyDeltaResult {
  commit: Checksum;
  /** Objects made, and their bytes. */
  objects: number;
  bytes: number;
}

/**
 * Makes the objects of a delta and moves the ref last. Memory: as `makeObjects`.
 * @throws AtomicError not-found (the store lacks the commit the delta starts from, or an object of it), invalid (no
 *   delta, or a hostile one), corrupt (the delta, or what it would make, is damaged), no-space, locked; no ref moves then
 */
export async function applyDelta(
  repo: Repo,
  { file, ref, progress = noProgress }: ApplyDeltaOptions,
): Promise<ApplyDeltaResult> {
  return withRepoLock(repo, () =>
    withDeltaFile(file, (delta) => {
      const { to, objects, bytes } = delta.head;
      const task = progress.start("applying delta", { total: bytes, unit: "bytes" });
      transact(repo, (transaction) => makeObjects(repo, delta, stagingBench(transaction, to), task));
      task.finish();
      // Only a whole tree is worth a ref: a delta need not bring everything its commit names.
      listDeltaObjects(repo, to);
      if (ref !== undefined) writeRef(repo, ref, to);
      return { commit: to, objects, bytes };
    }),
  );
}

/** Objects are staged, and count as staged only if they are right. */
function stagingBench(transaction: Transaction, to: Checksum): Workbench {
  const { repo, staged } = transaction;
  return {
    path: ({ checksum, type }) => staged.get(`${checksum}.${type}`)?.path ?? objectFile(repo, checksum, type),
    add({ checksum, type, size }, pieces) {
      if (staged.has(`${checksum}.${type}`)) {
        throw new AtomicError("invalid", `applying a delta: ${type} ${checksum} is made twice`);
      }
      const file = repo.disk.create(stagedFile(transaction, checksum, type), OBJECT_MODE);
      const hasher = createHasher();
      try {
        for (const bytes of pieces) {
          hasher.update(bytes);
          file.write(bytes);
        }
      } finally {
        file.close();
      }
      const found = hasher.digest();
      if (found !== checksum) {
        throw new AtomicError("corrupt", `applying the delta to ${to}: made ${found} for ${checksum}`);
      }
      noteStaged(transaction, checksum, type, size);
    },
  };
}
