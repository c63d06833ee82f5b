/** A commit of OSTree that was fetched becomes one of ours, dirtrees from the leaves up. */
import type { Checksum } from "../../digest.ts";
import { AtomicError } from "../../errors.ts";
import { type Commit, encodeCommit } from "../commit-object.ts";
import { type Dirtree, encodeDirtree } from "../dirtree.ts";
import { renderImage } from "../image/index.ts";
import { keepImage } from "../image-cache.ts";
import { loadSubtree } from "../load-tree.ts";
import { checkpoint, stageBytes, type Transaction } from "../transaction.ts";
import type { DirectoryNode } from "../tree.ts";
import type { FetchedCommit } from "./fetch-commit.ts";
import { metadataOf } from "./kept-commit.ts";
import { TEXT, valueOf } from "./metadata-value.ts";
import { type Sha256, sha256Of } from "./sha256.ts";
import { addExtent, createStoredTrees, type Extent, isThere, type Stored } from "./stored-trees.ts";

export interface ImportResult {
  commit: Checksum;
  /** Objects of OSTree that were fetched, and the bytes of content among them. */
  objects: number;
  bytes: number;
}

/** Deeper than any path the kernel takes. */
const MAX_HEIGHT = 2048;
/** No OS has more names; equal directories, which are fetched once, count each time. */
const MAX_PATHS = 2_000_000;

type Import = Pick<FetchedCommit, "map" | "fetched"> & { stored: Stored };

/**
 * Makes a commit of ours of what was fetched. Equal commits become equal commits: nothing of this store or of the source
 * goes into them. The caller holds the store's lock.
 * @returns undefined when something it relies on is not there any more: somebody pruned since
 * @throws AtomicError invalid, no-space
 */
export function storeCommit(
  transaction: Transaction,
  { original, bytes, map, fetched, objects, contentBytes }: FetchedCommit,
): ImportResult | undefined {
  const { repo } = transaction;
  const stored = createStoredTrees(transaction, map);
  if (!isWhole(transaction, original.tree, { map, fetched, stored })) return undefined;
  const tree = stageTree(transaction, original.tree, { map, fetched, stored });
  checkpoint(transaction);
  const root = fetched.dirmetas.get(original.meta)!;
  const loaded = loadSubtree(repo, tree, root);
  const version = valueOf(original.metadata, "version", TEXT);
  const commit: Commit = {
    tree,
    root,
    timestamp: original.timestamp,
    subject: original.subject,
    ...(version === undefined ? {} : { version }),
    metadata: metadataOf(original, bytes),
    image: keepImage(repo, renderImage(loaded)),
    ...totals(loaded),
  };
  const checksum = stageBytes(transaction, encodeCommit(commit), "commit");
  map.setObject(sha256Of(bytes), "commit", checksum);
  checkpoint(transaction);
  map.save();
  return { commit: checksum, objects, bytes: contentBytes };
}

/** True when every file and directory that is needed was fetched, or is in the store. */
function isWhole(transaction: Transaction, root: Sha256, { map, fetched, stored }: Import): boolean {
  const named = [...fetched.dirtrees.values()];
  const trees = [root, ...named.flatMap(({ directories }) => [...directories.values()].map(({ tree }) => tree))];
  return (
    trees.every((tree) => fetched.dirtrees.has(tree) || stored(tree) !== undefined) &&
    named.every(({ files }) => [...files.values()].every((checksum) => isThere(transaction, map.file(checksum))))
  );
}

/** Stages our dirtrees below `root`, each once; returns the checksum of its own. */
function stageTree(transaction: Transaction, root: Sha256, { map, fetched, stored }: Import): Checksum {
  const extents = new Map<Sha256, Extent>();
  const stage = (tree: Sha256, depth: number): Extent => {
    const done = extents.get(tree);
    if (done !== undefined) return done;
    if (depth > MAX_HEIGHT) throw tooDeep();
    const dirtree = fetched.dirtrees.get(tree);
    if (dirtree === undefined) return stored(tree)!;
    const extent: Extent = { height: 1, paths: dirtree.files.size + dirtree.directories.size };
    const entries: Dirtree = new Map();
    for (const [name, checksum] of dirtree.files) entries.set(name, map.file(checksum)!);
    for (const [name, { tree: subtree, meta }] of dirtree.directories) {
      addExtent(extent, stage(subtree, depth + 1));
      if (extent.height > MAX_HEIGHT) throw tooDeep();
      if (extent.paths > MAX_PATHS)
        throw new AtomicError("invalid", `importing a tree: expected at most ${MAX_PATHS} names, found more`);
      const directory = fetched.dirmetas.get(meta)!;
      entries.set(name, { kind: "directory", ...directory, tree: map.object(subtree, "dirtree")! });
    }
    map.setObject(tree, "dirtree", stageBytes(transaction, encodeDirtree(entries), "dirtree"));
    extents.set(tree, extent);
    return extent;
  };
  stage(root, 0);
  return map.object(root, "dirtree")!;
}

function tooDeep(): AtomicError {
  return new AtomicError("invalid", `importing a tree: expected at most ${MAX_HEIGHT} levels of directories`);
}

function totals(root: DirectoryNode): { files: number; bytes: number } {
  const sum = { files: 0, bytes: 0 };
  for (const node of root.children.values()) {
    if (node.kind === "file") {
      // as a commit of ours counts them: one without content has no object
      sum.files += node.size > 0 ? 1 : 0;
      sum.bytes += node.size;
    }
    if (node.kind !== "directory") continue;
    const below = totals(node);
    sum.files += below.files;
    sum.bytes += below.bytes;
  }
  return sum;
}
