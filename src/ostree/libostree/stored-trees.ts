/** What of a commit of OSTree the store holds already. */
import type { Checksum } from "../../digest.ts";
import { isAtomicError } from "../../errors.ts";
import type { Dirtree } from "../dirtree.ts";
import { objectSize, readDirtree } from "../object-store.ts";
import { hasObject, type Transaction } from "../transaction.ts";
import type { RegularNode, SymlinkNode } from "../tree.ts";
import type { ImportMap } from "./import-map.ts";
import type { Sha256 } from "./sha256.ts";

/** How much a directory holds: its levels, and the names in all of them. */
export interface Extent {
  height: number;
  paths: number;
}
/** How much is below a dirtree of OSTree that the store holds whole; undefined for another one. */
export type Stored = (tree: Sha256) => Extent | undefined;

/**
 * Tells of a dirtree of OSTree whether the store holds what it became, complete. What is there is looked at, not
 * trusted: a transaction that was cut off may have published a dirtree without its files.
 */
export function createStoredTrees(transaction: Transaction, map: ImportMap): Stored {
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
      addExtent(extent, below);
    }
    return extent;
  };
  return (tree) => {
    const became = map.object(tree, "dirtree");
    return became === undefined ? undefined : look(became);
  };
}

/** Adds a directory that is in another one. */
export function addExtent(extent: Extent, below: Extent): void {
  extent.height = Math.max(extent.height, below.height + 1);
  extent.paths += below.paths;
}

/** True when the store, or the transaction, has what a file has become. */
export function isThere(transaction: Transaction, node: RegularNode | SymlinkNode | undefined): boolean {
  if (node?.kind === "file" && node.size > 0) return hasObject(transaction, node.checksum, "file", node.size);
  return node !== undefined;
}
