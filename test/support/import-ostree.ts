import { fetchCommit } from "../../src/ostree/libostree/fetch-commit.ts";
import { type ImportResult, storeCommit } from "../../src/ostree/libostree/store-commit.ts";
import type { OstreeSource } from "../../src/ostree/libostree/source.ts";
import { type Repo, withRepoLock } from "../../src/ostree/index.ts";
import { transactAside } from "../../src/ostree/transaction.ts";

/** Imports the commit that `bytes` are, as a pull does. */
export async function importOstree(repo: Repo, source: OstreeSource, bytes: Buffer): Promise<ImportResult> {
  return transactAside(repo, async (transaction) => {
    const fetched = await fetchCommit(transaction, source, { bytes });
    const stored = await withRepoLock(repo, () => storeCommit(transaction, fetched));
    if (stored === undefined) throw new Error("somebody pruned");
    return stored;
  });
}
