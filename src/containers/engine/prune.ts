/** Pruning a store whose images containers may be using. */
import { dirname } from "node:path";
import { pruneStore } from "../../oci/index.ts";
import { listRefs, type PruneOptions, type PruneResult, readRef, type Repo } from "../../ostree/index.ts";
import { imageDirectory, imageFile } from "./image-mount.ts";
import { prunePlainImages } from "./plain-image.ts";
import { namesIn, openEngine } from "./place.ts";
import { listNamed } from "./record.ts";

/**
 * Prunes a store, but nothing that a container beside it needs, whether its image still has a name or not.
 * @throws AtomicError corrupt when what is needed is unknown; locked, read-only
 */
export async function pruneUnused(repo: Repo, { keep = [], ...options }: PruneOptions = {}): Promise<PruneResult> {
  const engine = openEngine(dirname(dirname(repo.path)), repo);
  const commits = listNamed(engine).map(({ commit }) => commit);
  const result = await pruneStore(repo, { ...options, keep: [...keep, ...commits] });
  if (options.dryRun === true) return result;
  const used = new Set<string>(commits);
  const named = listRefs(repo).flatMap(({ ref }) => readRef(repo, ref) ?? []);
  prunePlainImages(engine, new Set([...commits, ...named]));
  for (const commit of namesIn(imageDirectory(engine)))
    if (!used.has(commit)) repo.disk.unlink(imageFile(engine, commit));
  return result;
}
