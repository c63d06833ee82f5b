/** Repairing a store: what is damaged is replaced by the bytes another store has. */
import { AtomicError, isAtomicError } from "../errors.ts";
import { copyObject } from "./copy-object.ts";
import { type Defect, fsck, type FsckOptions, type FsckReport } from "./fsck.ts";
import { withRepoLock } from "./lock.ts";
import { readRef, writeRef } from "./ref.ts";
import { renderCommitImage } from "./render-commit.ts";
import type { Repo } from "./repo.ts";
import { transact, type Transaction } from "./transaction.ts";

export interface RepairReport extends FsckReport {
  /** Defects that were healed; `defects` lists what remains. */
  repaired: Defect[];
}

const IMAGE_MODE = 0o444;

/**
 * Heals what `source` can heal, and checks again until nothing changes: a restored dirtree may reveal what lies below.
 * Damaged bytes are only ever replaced by bytes that hash to the right name.
 * @throws AtomicError locked, read-only, no-space
 */
export async function repair(repo: Repo, source: Repo, options: FsckOptions = {}): Promise<RepairReport> {
  return withRepoLock(repo, () => {
    const repaired: Defect[] = [];
    for (;;) {
      const report = fsck(repo, options);
      const healed = transact(repo, (transaction) =>
        report.defects.filter((defect) => heal(transaction, source, defect)),
      );
      if (healed.length === 0) return { ...report, repaired };
      repaired.push(...healed);
    }
  });
}

function heal(transaction: Transaction, source: Repo, defect: Defect): boolean {
  try {
    healOne(transaction, source, defect);
    return true;
  } catch (error) {
    if (isAtomicError(error, "not-found") || isAtomicError(error, "corrupt")) return false;
    throw error;
  }
}

function healOne(transaction: Transaction, source: Repo, defect: Defect): void {
  const { repo } = transaction;
  switch (defect.kind) {
    case "corrupt-object":
    case "missing-object":
      copyObject(transaction, source, defect.checksum, defect.type);
      break;
    case "bad-ref": {
      const commit = readRef(source, defect.ref);
      if (commit === undefined)
        throw new AtomicError("not-found", `repairing ref ${defect.ref}: not in ${source.path}`);
      writeRef(repo, defect.ref, commit);
      break;
    }
    case "bad-image":
      repo.disk.replaceFile(defect.image.path, renderCommitImage(repo, defect.image.commit), IMAGE_MODE);
      break;
  }
}
