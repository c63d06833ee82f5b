/** Finding a commit of OSTree that was imported before. */
import type { Checksum } from "../../digest.ts";
import { isAtomicError } from "../../errors.ts";
import { objectSize, readCommit } from "../object-store.ts";
import { visitReachable } from "../reach.ts";
import type { Repo } from "../repo.ts";
import { openImportMap } from "./import-map.ts";
import { originalCommit } from "./kept-commit.ts";
import { type Sha256, sha256Of } from "./sha256.ts";

/** What `checksum` has become in this store, with its original bytes; undefined unless all it needs is there. */
export function importedCommit(repo: Repo, checksum: Sha256): { commit: Checksum; bytes: Buffer } | undefined {
  const commit = openImportMap(repo).object(checksum, "commit");
  if (commit === undefined) return undefined;
  try {
    const bytes = originalCommit(readCommit(repo, commit).metadata);
    if (bytes === undefined || sha256Of(bytes) !== checksum) return undefined;
    return isComplete(repo, commit) ? { commit, bytes } : undefined;
  } catch (error) {
    if (isAtomicError(error, "not-found") || isAtomicError(error, "corrupt")) return undefined;
    throw error;
  }
}

function isComplete(repo: Repo, commit: Checksum): boolean {
  let complete = true;
  visitReachable(repo, commit, {
    seen: new Set(),
    visit({ checksum, type, size }) {
      const found = objectSize(repo, checksum, type);
      if (found === undefined || (size !== undefined && found !== size)) complete = false;
    },
    unreadable() {
      complete = false;
    },
  });
  return complete;
}
