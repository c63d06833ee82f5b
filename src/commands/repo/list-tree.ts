/** The entries of a tree that a listing shows. */
import { type ByteString, toText } from "../../bytes.ts";
import { AtomicError } from "../../errors.ts";
import { type DirectoryNode, type InodeNode, lookup, type TreeNode } from "../../ostree/index.ts";

/** One line of a listing. */
export interface Entry {
  /** Absolute path in the tree. */
  path: ByteString;
  node: InodeNode;
  /** The first name of the file, when this one is a hard link to it. */
  linkTo?: ByteString;
}

/** What is at `path` of a tree: itself, or a directory's children and, if `recursive`, all below. @throws not-found */
export function listTree(root: DirectoryNode, path: ByteString, recursive: boolean): Entry[] {
  const node = lookup(root, path);
  if (node === undefined) {
    throw new AtomicError("not-found", `listing ${toText(path)}: the tree has no such path`);
  }
  if (node.kind !== "directory") return [{ path, node }];
  const entries: Entry[] = [];
  const visit = (directory: DirectoryNode, parent: string): void => {
    for (const [name, child] of directory.children) {
      const entry = describe(root, child, `${parent}/${name}` as ByteString);
      entries.push(entry);
      if (recursive && entry.node.kind === "directory") visit(entry.node, entry.path);
    }
  };
  visit(node, path === "/" ? "" : path);
  return entries;
}

function describe(root: DirectoryNode, node: TreeNode, path: ByteString): Entry {
  if (node.kind !== "hardlink") return { path, node };
  const target = lookup(root, node.target);
  if (target === undefined)
    throw new AtomicError("corrupt", `listing ${toText(path)}: its first name is not in the tree`);
  return { path, node: target, linkTo: node.target };
}
