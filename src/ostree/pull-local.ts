/** Pulling commits from a store in another directory. */
import type { Checksum } from "../digest.ts";
import { noProgress, type Progress } from "../progress.ts";
import { copyObject } from "./copy-object.ts";
import { withRepoLock } from "./lock.ts";
import { visitReachable } from "./reach.ts";
import { type RefName, writeRef } from "./ref.ts";
import type { Repo } from "./repo.ts";
import { beginTransaction, hasObject, publish } from "./transaction.ts";

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
    const transaction = beginTransaction(repo);
    const task = (options.progress ?? noProgress).start("pulling objects", { unit: "items" });
    let bytes = 0;
    visitReachable(source, options.commit, {
      seen: new Set(),
      visit({ checksum, type, size }) {
        if (!hasObject(transaction, checksum, type, size)) bytes += copyObject(transaction, source, checksum, type);
        task.advance();
      },
      unreadable(_, error) {
        throw error;
      },
    });
    const objects = transaction.staged.size;
    publish(transaction);
    if (options.ref !== undefined) writeRef(repo, options.ref, options.commit);
    task.finish();
    return { objects, bytes };
  });
}
