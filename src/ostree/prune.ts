/** Removing what nothing needs. */
import type { Checksum } from "../digest.ts";
import { removeTemporaries } from "../durable-compound.ts";
import { AtomicError } from "../errors.ts";
import { visitPostOrder } from "../linux/index.ts";
import { pruneDeltas } from "./delta/stored-deltas.ts";
import { pruneCachedImages } from "./image-cache.ts";
import { listObjects } from "./list-objects.ts";
import { withRepoLock } from "./lock.ts";
import { log } from "./log.ts";
import { objectFile, objectSize } from "./object-store.ts";
import { visitReachable } from "./reach.ts";
import { listRefs, readRef } from "./ref.ts";
import { pruneSignatures } from "./remote/commit-signatures.ts";
import { clearIncoming, isPulling } from "./remote/incoming.ts";
import type { Repo } from "./repo.ts";

export interface PruneOptions {
  /** Commits to keep beside those that refs name, such as those of deployments. */
  keep?: readonly Checksum[];
  /** How many ancestors of each kept commit to keep as well; all if left out. */
  depth?: number;
  /** Count, but remove nothing. */
  dryRun?: boolean;
}
export interface PruneResult {
  kept: number;
  removed: number;
  /** Bytes of the removed objects. */
  freed: number;
}

/**
 * Removes every object that neither a ref nor `keep` reaches.
 * Refuses to remove anything while a kept commit is damaged, since what it needs is then unknown.
 * @throws AtomicError corrupt, locked, read-only
 */
export async function prune(
  repo: Repo,
  { keep = [], depth = Infinity, dryRun = false }: PruneOptions = {},
): Promise<PruneResult> {
  return withRepoLock(repo, () => {
    const needed = new Set<string>();
    const images = new Set<Checksum>();
    for (const commit of [...keep, ...listRefs(repo).flatMap(({ ref }) => readRef(repo, ref) ?? [])]) {
      for (const { checksum, image } of withAncestors(repo, commit, depth)) {
        images.add(image);
        visitReachable(repo, checksum, { seen: needed, visit: () => undefined, unreadable: refuse(repo) });
      }
    }
    const result: PruneResult = { kept: 0, removed: 0, freed: 0 };
    for (const { checksum, type } of listObjects(repo)) {
      if (needed.has(`${checksum}.${type}`)) {
        result.kept++;
        continue;
      }
      result.removed++;
      result.freed += objectSize(repo, checksum, type) ?? 0;
      if (!dryRun) repo.disk.unlink(objectFile(repo, checksum, type));
    }
    if (dryRun) return result;
    pruneCachedImages(repo, images);
    pruneDeltas(repo, needed);
    pruneSignatures(repo, needed);
    if (!isPulling(repo)) clearIncoming(repo);
    removeUnfinishedFiles(repo);
    if (result.removed > 0) repo.disk.barrier(repo.path);
    return result;
  });
}

/** What crashes left beside files that are replaced as a whole. */
function removeUnfinishedFiles({ disk, path }: Repo): void {
  const directories = ["", "/deltas", "/packs", "/remotes", "/signatures", "/refs"].map((name) => `${path}${name}`);
  visitPostOrder(`${path}/refs`, ({ path: found, isDirectory }) => {
    if (isDirectory) directories.push(found.toString());
  });
  for (const directory of directories) removeTemporaries(disk, directory);
}

function* withAncestors(
  repo: Repo,
  start: Checksum,
  depth: number,
): Generator<{ checksum: Checksum; image: Checksum }> {
  let left = depth;
  for (const { checksum, commit } of log(repo, start)) {
    yield { checksum, image: commit.image };
    if (left-- === 0) return;
  }
}

function refuse(repo: Repo) {
  return ({ checksum, type }: { checksum: Checksum; type: string }, cause: unknown): never => {
    throw new AtomicError(
      "corrupt",
      `pruning ${repo.path}: ${type} ${checksum} is damaged, so what it needs is unknown`,
      {
        cause,
        hint: `atomic repo fsck --repair --from OTHER --repo ${repo.path}`,
      },
    );
  };
}
