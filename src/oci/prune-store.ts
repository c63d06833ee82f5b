import { prune, type PruneOptions, type PruneResult, type Repo, withRepoLock } from "../ostree/index.ts";
import { dropUnusedLayers } from "./drop-unused-layers.ts";

/**
 * Prunes a store that may hold images: layers go when no image is made of them any more.
 * A dry run does not count those.
 * @throws AtomicError corrupt, locked, read-only
 */
export async function pruneStore(repo: Repo, options: PruneOptions = {}): Promise<PruneResult> {
  if (options.dryRun !== true) await withRepoLock(repo, () => dropUnusedLayers(repo));
  return prune(repo, options);
}
