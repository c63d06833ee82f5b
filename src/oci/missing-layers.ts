/** Which layers of an image are to be fetched. */
import { isAtomicError } from "../errors.ts";
import { readCommit, readRef, type Repo } from "../ostree/index.ts";
import type { Digest } from "./digest.ts";
import type { ImageConfig } from "./image-config.ts";
import { layerRef } from "./image-record.ts";
import type { Descriptor, Manifest } from "./manifest.ts";

/** The layers that the store does not have, each once. */
export function missingLayers(
  repo: Repo,
  { layers }: Manifest,
  { diffIds }: ImageConfig,
): { descriptor: Descriptor; diffId: Digest }[] {
  return layers.flatMap((descriptor, i) => {
    const diffId = diffIds[i]!;
    return diffIds.indexOf(diffId) !== i || hasLayer(repo, diffId) ? [] : [{ descriptor, diffId }];
  });
}

/** True when the layer's commit can be read; what it needs is checked when it is loaded. */
function hasLayer(repo: Repo, diffId: Digest): boolean {
  const commit = readRef(repo, layerRef(diffId));
  if (commit === undefined) return false;
  try {
    readCommit(repo, commit);
    return true;
  } catch (error) {
    if (isAtomicError(error, "not-found") || isAtomicError(error, "corrupt")) return false;
    throw error;
  }
}
