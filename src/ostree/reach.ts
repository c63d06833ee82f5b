/** What a commit needs: every object it reaches. */
import { type ByteString, fromText } from "../bytes.ts";
import type { Checksum } from "../digest.ts";
import type { ObjectType } from "./object-path.ts";
import { readCommit, readDirtree } from "./object-store.ts";
import type { Repo } from "./repo.ts";

/** An object as something else names it. */
export interface Reference {
  checksum: Checksum;
  type: ObjectType;
  /** Size in bytes where the naming entry tells it. */
  size?: number;
  /** The path in the tree that names it; the commit's own name for the commit. */
  by: ByteString;
}

/**
 * Visits every object that the commit `commit` needs, each name once across calls that share `seen`; parents are not
 * followed. `visit` may throw to stop. A dirtree or commit that cannot be read goes to `unreadable`, and what lies
 * below it is not visited.
 */
export function visitReachable(
  repo: Repo,
  commit: Checksum,
  {
    seen,
    visit,
    unreadable,
  }: {
    seen: Set<string>;
    visit: (reference: Reference) => void;
    unreadable: (reference: Reference, error: unknown) => void;
  },
): void {
  const enter = (reference: Reference, below: () => void): void => {
    const key = `${reference.checksum}.${reference.type}`;
    if (seen.has(key)) return;
    seen.add(key);
    visit(reference);
    try {
      below();
    } catch (error) {
      unreadable(reference, error);
    }
  };
  const enterTree = (checksum: Checksum, by: ByteString): void =>
    enter({ checksum, type: "dirtree", by }, () => {
      for (const [name, entry] of readDirtree(repo, checksum)) {
        const path = `${by === "/" ? "" : by}/${name}` as ByteString;
        if (entry.kind === "directory") enterTree(entry.tree, path);
        else if (entry.kind === "file" && entry.size > 0) {
          enter({ checksum: entry.checksum, type: "file", size: entry.size, by: path }, () => undefined);
        }
      }
    });
  enter({ checksum: commit, type: "commit", by: fromText(commit) }, () =>
    enterTree(readCommit(repo, commit).tree, "/" as ByteString),
  );
}
