/** Staging a tree whose file contents are stored already. */
import type { Checksum } from "../digest.ts";
import { type Commit, encodeCommit } from "./commit-object.ts";
import { type Dirtree, encodeDirtree } from "./dirtree.ts";
import { renderImage } from "./image/index.ts";
import { keepImage } from "./image-cache.ts";
import { stageBytes, type Transaction } from "./transaction.ts";
import type { DirectoryNode, InodeMeta } from "./tree.ts";

/** What a commit says beside its tree. */
export type CommitFacts = Pick<Commit, "parent" | "timestamp" | "subject" | "version" | "metadata">;

/** Stands for the image of a tree that is never mounted, such as a layer. */
const NO_IMAGE = "0".repeat(64) as Checksum;

/**
 * Stages the dirtrees of `root` and a commit of them; the file objects are staged or stored already.
 * @param mountable false for a tree that is not a root filesystem by itself: its commit has `NO_IMAGE`
 * @returns the commit
 */
export function stageTree(
  transaction: Transaction,
  root: DirectoryNode,
  { mountable = true, ...facts }: CommitFacts & { mountable?: boolean },
): Checksum {
  const tree = stageDirtrees(transaction, root);
  const image = mountable ? keepImage(transaction.repo, renderImage(root)) : NO_IMAGE;
  const commit: Commit = { ...facts, tree, root: bareMeta(root), image, ...countFiles(root) };
  return stageBytes(transaction, encodeCommit(commit), "commit");
}

/** Stages the dirtrees of `directory`, deepest first; returns the checksum of its own. */
export function stageDirtrees(transaction: Transaction, directory: DirectoryNode): Checksum {
  const entries: Dirtree = new Map();
  for (const [name, child] of directory.children) {
    entries.set(name, child.kind === "directory" ? { ...child, tree: stageDirtrees(transaction, child) } : child);
  }
  return stageBytes(transaction, encodeDirtree(entries), "dirtree");
}

/** The metadata of an inode alone. */
export function bareMeta({ mode, uid, gid, mtime, mtimeNsec, xattrs }: InodeMeta): InodeMeta {
  return { mode, uid, gid, mtime, mtimeNsec, xattrs };
}

function countFiles(directory: DirectoryNode): { files: number; bytes: number } {
  const sum = { files: 0, bytes: 0 };
  for (const child of directory.children.values()) {
    if (child.kind === "directory") {
      const below = countFiles(child);
      sum.files += below.files;
      sum.bytes += below.bytes;
    } else if (child.kind === "file") {
      sum.files += 1;
      sum.bytes += child.size;
    }
  }
  return sum;
}
