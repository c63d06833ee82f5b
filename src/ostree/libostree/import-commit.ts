/** A commit of OSTree becomes one of ours: directories, then files, then our dirtrees from the leaves up. */
import type { Checksum } from "../../digest.ts";
import { AtomicError, isAtomicError } from "../../errors.ts";
import { noProgress, type Progress, type ProgressTask } from "../../progress.ts";
import { type Commit, encodeCommit } from "../commit-object.ts";
import { type Dirtree, encodeDirtree } from "../dirtree.ts";
import { renderImage } from "../image/index.ts";
import { keepImage } from "../image-cache.ts";
import { loadSubtree } from "../load-tree.ts";
import { objectSize, readDirtree } from "../object-store.ts";
import { checkpoint, hasObject, stageBytes, type Transaction } from "../transaction.ts";
import type { DirectoryNode, RegularNode, SymlinkNode } from "../tree.ts";
import { parseOstreeCommit } from "./commit.ts";
import { type FetchedTree, fetchTree } from "./fetch-tree.ts";
import { importFile } from "./import-file.ts";
import { type ImportMap, openImportMap } from "./import-map.ts";
import { metadataOf } from "./kept-commit.ts";
import { TEXT, valueOf } from "./metadata-value.ts";
import { forEachParallel } from "./parallel.ts";
import { type Sha256, sha256Of } from "./sha256.ts";
import type { OstreeSource } from "./source.ts";

export interface ImportResult {
  commit: Checksum;
  /** Objects of OSTree that were fetched, and the bytes of content among them. */
  objects: number;
  bytes: number;
}

/** Objects asked for at a time. */
export const REQUESTS = 24;
/** After so many bytes of content, what has arrived is made durable, so that a pull that is cut off can go on. */
const CHECKPOINT = 64 * 1024 * 1024;
/** Deeper than any path the kernel takes. */
const MAX_HEIGHT = 2048;
/** No OS has more names; equal directories, which are fetched once, count each time. */
const MAX_PATHS = 2_000_000;

/** How much a directory holds: its levels, and the names in all of them. */
interface Extent {
  height: number;
  paths: number;
}

/**
 * Imports the commit that `bytes`, already checked against its name, are. Equal commits become equal commits: nothing of
 * this store or of the source goes into them. What arrived stays, also when this fails.
 * @throws AtomicError not-found, corrupt, invalid, unsupported, no-space
 */
export async function importCommit(
  transaction: Transaction,
  source: OstreeSource,
  { bytes, progress = noProgress }: { bytes: Buffer; progress?: Progress },
): Promise<ImportResult> {
  const { repo } = transaction;
  const original = parseOstreeCommit(bytes);
  const map = openImportMap(repo);
  const stored = createStoredTrees(transaction, map);
  const fetched = await fetchTree(source, original, {
    known: (tree) => stored(tree) !== undefined,
    requests: REQUESTS,
  });
  const files = await fetchFiles(transaction, source, { map, fetched, progress });
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
  return {
    commit: checksum,
    objects: 1 + fetched.dirtrees.size + fetched.dirmetas.size + files.count,
    bytes: files.bytes,
  };
}

/**
 * Tells of a dirtree of OSTree whether the store holds what it became, complete. What is there is looked at, not
 * trusted: a transaction that was cut off may have published a dirtree without its files.
 */
function createStoredTrees(transaction: Transaction, map: ImportMap): (tree: Sha256) => Extent | undefined {
  const { repo } = transaction;
  const looked = new Map<Checksum, Extent | undefined>();
  const look = (tree: Checksum): Extent | undefined => {
    if (looked.has(tree)) return looked.get(tree);
    const found = extentOf(tree);
    looked.set(tree, found);
    return found;
  };
  const extentOf = (tree: Checksum): Extent | undefined => {
    if (objectSize(repo, tree, "dirtree") === undefined) return undefined;
    let entries: Dirtree;
    try {
      entries = readDirtree(repo, tree);
    } catch (error) {
      if (isAtomicError(error, "corrupt")) return undefined; // it is imported again, which replaces it
      throw error;
    }
    const extent: Extent = { height: 1, paths: entries.size };
    for (const entry of entries.values()) {
      if (entry.kind === "file" && entry.size > 0 && !hasObject(transaction, entry.checksum, "file", entry.size))
        return undefined;
      if (entry.kind !== "directory") continue;
      const below = look(entry.tree);
      if (below === undefined) return undefined;
      add(extent, below);
    }
    return extent;
  };
  return (tree) => {
    const became = map.object(tree, "dirtree");
    return became === undefined ? undefined : look(became);
  };
}

function add(extent: Extent, below: Extent): void {
  extent.height = Math.max(extent.height, below.height + 1);
  extent.paths += below.paths;
}

interface Import {
  map: ImportMap;
  fetched: FetchedTree;
}

/** Brings the content that the fetched directories name and the store lacks. */
async function fetchFiles(
  transaction: Transaction,
  source: OstreeSource,
  { map, fetched, progress }: Import & { progress: Progress },
): Promise<{ count: number; bytes: number }> {
  const wanted = new Set([...fetched.dirtrees.values()].flatMap(({ files }) => [...files.values()]));
  const missing = [...wanted].filter((checksum) => !isThere(transaction, map.file(checksum)));
  if (missing.length === 0) return { count: 0, bytes: 0 };
  const task: ProgressTask = progress.start("importing files", { total: missing.length, unit: "items" });
  let bytes = 0;
  let saved = 0;
  const save = (): void => {
    checkpoint(transaction);
    map.save();
    saved = bytes;
  };
  try {
    await forEachParallel(missing, REQUESTS, async (checksum) => {
      const file = await source.file(checksum);
      const node = await importFile(transaction, file, { checksum, where: source.where });
      map.setFile(checksum, node);
      bytes += file.size;
      task.advance();
      if (bytes - saved >= CHECKPOINT) save();
    });
  } finally {
    save();
  }
  task.finish();
  return { count: missing.length, bytes };
}

function isThere(transaction: Transaction, node: RegularNode | SymlinkNode | undefined): boolean {
  if (node?.kind === "file" && node.size > 0) return hasObject(transaction, node.checksum, "file", node.size);
  return node !== undefined;
}

/** Stages our dirtrees below `root`, each once; returns the checksum of its own. */
function stageTree(
  transaction: Transaction,
  root: Sha256,
  { map, fetched, stored }: Import & { stored: (tree: Sha256) => Extent | undefined },
): Checksum {
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
      add(extent, stage(subtree, depth + 1));
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
