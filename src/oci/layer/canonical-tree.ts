/**
 * Trees whose hard links are shared nodes, brought into the form the store keeps: children sorted by name, and a file
 * that has several names is at the first of them in depth-first order, the others being links to it.
 */
import { type ByteString, compareBytes } from "../../bytes.ts";
import type { DirectoryNode, TreeNode } from "../../ostree/index.ts";

/** A copy of `root` in canonical form. Hard links that are nodes already stay as they are. */
export function canonicalTree(root: DirectoryNode): DirectoryNode {
  const firstNames = new Map<TreeNode, ByteString>();
  const visit = (directory: DirectoryNode, path: string): DirectoryNode => {
    const children = new Map<ByteString, TreeNode>();
    for (const name of [...directory.children.keys()].sort(compareBytes)) {
      const child = directory.children.get(name)!;
      const childPath = `${path}/${name}` as ByteString;
      if (child.kind === "directory") {
        children.set(name, visit(child, childPath));
        continue;
      }
      const first = firstNames.get(child);
      if (first === undefined) firstNames.set(child, childPath);
      children.set(
        name,
        first === undefined || child.kind === "hardlink" ? child : { kind: "hardlink", target: first },
      );
    }
    return { ...directory, children };
  };
  return visit(root, "");
}
