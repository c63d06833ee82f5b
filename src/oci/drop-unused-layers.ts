import { deleteRef, listRefs, readRef, type Repo } from "../ostree/index.ts";
import { layerDiffIds, layerRef, readRecord } from "./image-record.ts";

/**
 * Removes the refs of layers that no image of any ref is made of, deployed ones included, so that pruning takes the
 * layers. The caller holds the store's lock.
 * @returns how many
 */
export function dropUnusedLayers(repo: Repo): number {
  const stored = layerDiffIds(repo);
  if (stored.length === 0) return 0;
  const layers = new Set<string>(stored.map(layerRef));
  const needed = new Set<string>();
  for (const { ref } of listRefs(repo)) {
    const commit = layers.has(ref) ? undefined : readRef(repo, ref);
    if (commit === undefined) continue;
    for (const diffId of readRecord(repo, commit)?.config.diffIds ?? []) needed.add(layerRef(diffId));
  }
  const unused = [...layers].filter((ref) => !needed.has(ref));
  for (const diffId of stored) if (unused.includes(layerRef(diffId))) deleteRef(repo, layerRef(diffId));
  return unused.length;
}
