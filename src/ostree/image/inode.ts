/** An inode of an image, before it has a place. */
import { type ByteString, toText } from "../../bytes.ts";
import type { InodeNode } from "../tree.ts";
import { inodeProblem, refusal } from "./check.ts";
import { DIRENT_TYPE, FILE_TYPE } from "./erofs.ts";
import type { PooledXattr } from "./xattr-pool.ts";

export interface Inode {
  /** Inode number: its index in breadth-first order. */
  number: number;
  node: InodeNode;
  /** The root is its own parent. */
  parent: Inode;
  name: ByteString;
  /** File type and permission bits. */
  mode: number;
  direntType: number;
  nlink: number;
  /** Sorted by name. */
  xattrs: readonly PooledXattr[];
  /** A directory's names, sorted, with `.` and `..`; empty for anything else. */
  names: readonly ByteString[];
  /** The inodes `names` stand for; a hard link is absent until it is resolved. */
  targets: (Inode | undefined)[];
}

const NONE: never[] = [];

/**
 * An inode without entries or xattrs; without a parent, the root.
 * @throws AtomicError invalid, naming the path, when no image can hold it
 */
export function createInode(number: number, node: InodeNode, name: ByteString, parent?: Inode): Inode {
  const inode: Inode = {
    number,
    node,
    parent: parent as Inode,
    name,
    mode: FILE_TYPE[node.kind] | node.mode,
    direntType: DIRENT_TYPE[node.kind],
    nlink: node.kind === "directory" ? 2 : 1,
    xattrs: NONE,
    names: NONE,
    targets: NONE,
  };
  if (parent === undefined) inode.parent = inode;
  const problem = inodeProblem(node);
  if (problem !== undefined) throw refusal(pathOf(inode), problem);
  return inode;
}

/** The printable path of an inode, or of an entry in it. */
export function pathOf(inode: Inode, entry?: ByteString): string {
  const names = entry === undefined ? [] : [entry];
  for (let at = inode; at !== at.parent; at = at.parent) names.push(at.name);
  return toText(`/${names.reverse().join("/")}` as ByteString);
}
