/** Pulling commits from a store in another directory. */
import type { Checksum } from "../digest.ts";
import { noProgress, type Progress } from "../progress.ts";
import { copyObject } from "./copy-object.ts";
import { withRepoLock } from "./lock.ts";
import { visitReachable } from "./reach.ts";
import { type RefName, writeRef } from "./ref.ts";
import { addSignatures, readSignatures } from "./remote/commit-signatures.ts";
import type { Repo } from "./repo.ts";
import { hasObject, transact, type Transaction } from "./transaction.ts";

export interface PullOptions {
  commit: Checksum;
  /** Moved to the commit once it is complete. */
  ref?: RefName;
  progress?: Progress;
}
export interface PullResult {
  /** Objects copied, and their bytes. */
  objects: number;
  bytes: number;
}

/**
 * Copies from `source` what `commit` needs and `repo` lacks; the ref moves last.
 * @throws AtomicError not-found, corrupt (in the source), no-space, locked; nothing is added then
 */
export async function pullLocal(repo: Repo, source: Repo, options: PullOptions): Promise<PullResult> {
  return withRepoLock(repo, () => {
    const result = transact(repo, (transaction) => copyMissing(transaction, source, options));
    addSignatures(repo, options.commit, readSignatures(source, options.commit));
    if (options.ref !== undefined) writeRef(repo, options.ref, options.commit);
    return result;
  });
}

function copyMissing(
  transaction: Transaction,
  source: Repo,
  { commit, progress = noProgress }: PullOptions,
): PullResult {
  const task = progress.start("pulling objects", { unit: "items" });
  let bytes = 0;
  visitReachable(source, commit, {
    seen: new Set(),
    visit({ checksum, type, size }) {
      if (!hasObject(transaction, checksum, type, size)) bytes += copyObject(transaction, source, checksum, type);
      task.advance();
    },
    unreadable(_, error) {
      throw error;
    },
  });
  task.finish();
  return { objects: transaction.staged.size, bytes };
}
