/** The use case behind `atomic compose`: build a host tree in a scratch directory, hand it to a commit, clean up. */
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { noProgress, type Progress } from "../../progress.ts";
import { loadComposeFile } from "./load.ts";
import { type ComposedTree, composeTree } from "./tree.ts";

export interface ComposeOptions<T> {
  /** The compose file's path. */
  file: string;
  /** `KEY=VALUE` overrides of what the file says. */
  settings?: readonly string[];
  /** Stores the tree, which is gone once this is done. */
  commit: (composed: ComposedTree) => T | Promise<T>;
  /** Where the tree is built: a directory on a disk with room for it. */
  scratch?: string;
  progress?: Progress;
}

/**
 * Composes a host tree and returns what `commit` makes of it. Nothing is left in the scratch directory.
 * @throws AtomicError as `loadComposeFile` and `composeTree`, and whatever `commit` throws
 */
export async function compose<T>(options: ComposeOptions<T>): Promise<T> {
  const file = loadComposeFile(options.file, options.settings);
  const directory = mkdtempSync(join(options.scratch ?? "/var/tmp", "atomic-compose-"));
  try {
    chmodSync(directory, 0o711); // apt's downloads run as a user of their own, who must get through
    return await options.commit(composeTree(file, join(directory, "tree"), options.progress ?? noProgress));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
