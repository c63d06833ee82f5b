/** A commit and its ancestors. */
import type { Checksum } from "../digest.ts";
import { isAtomicError } from "../errors.ts";
import type { Commit } from "./commit-object.ts";
import { readCommit } from "./object-store.ts";
import type { Repo } from "./repo.ts";

/**
 * The commit and its parents, newest first; ends quietly at a parent the store no longer has.
 * @throws AtomicError not-found when the first commit is absent; corrupt, invalid
 */
export function* log(repo: Repo, start: Checksum): Generator<{ checksum: Checksum; commit: Commit }> {
  for (let checksum: Checksum | undefined = start; checksum !== undefined;) {
    let commit: Commit;
    try {
      commit = readCommit(repo, checksum);
    } catch (error) {
      if (checksum !== start && isAtomicError(error, "not-found")) return;
      throw error;
    }
    yield { checksum, commit };
    checksum = commit.parent;
  }
}
