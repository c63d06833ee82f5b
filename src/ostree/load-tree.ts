/** A whole tree in memory. */
import { type ByteString, toText } from "../bytes.ts";
import type { Checksum } from "../digest.ts";
import { AtomicError } from "../errors.ts";
import { readCommit, readDirtree } from "./object-store.ts";
import type { Repo } from "./repo.ts";
import type { DirectoryNode, InodeMeta, InodeNode, TreeNode } from "./tree.ts";

/** Directories nested deeper than any path the kernel takes (PATH_MAX / 2) cannot be mounted or checked out. */
const MAX_DEPTH = 2048;

/** The tree of a commit. @throws AtomicError not-found, corrupt, invalid */
export function loadTree(repo: Repo, commit: Checksum): DirectoryNode {
  const { root, tree } = readCommit(repo, commit);
  return loadSubtree(repo, tree, root);
}

/** The directory whose dirtree is `tree` and whose own metadata is `meta`. @throws AtomicError not-found, corrupt, invalid */
export function loadSubtree(repo: Repo, tree: Checksum, meta: InodeMeta, depth = 0): DirectoryNode {
  if (depth > MAX_DEPTH)
    throw new AtomicError("invalid", `loading dirtree ${tree}: more than ${MAX_DEPTH} directories deep`);
  const children = new Map<ByteString, TreeNode>();
  for (const [name, entry] of readDirtree(repo, tree)) {
    children.set(name, entry.kind === "directory" ? loadSubtree(repo, entry.tree, entry, depth + 1) : entry);
  }
  const { mode, uid, gid, mtime, mtimeNsec, xattrs } = meta;
  return { kind: "directory", mode, uid, gid, mtime, mtimeNsec, xattrs, children };
}

/**
 * The inode at an absolute path of the tree. Hard links are followed, symlinks are not.
 * @returns undefined when nothing is there
 * @throws AtomicError invalid when a hard link leads nowhere
 */
export function lookup(root: DirectoryNode, path: ByteString): InodeNode | undefined {
  let node: TreeNode = root;
  for (const name of path.split("/")) {
    if (name === "") continue;
    const child: TreeNode | undefined = node.kind === "directory" ? node.children.get(name as ByteString) : undefined;
    if (child === undefined) return undefined;
    node = child;
  }
  return node.kind === "hardlink" ? followHardlink(root, node.target) : node;
}

/** The inode a hard link's target names. @throws AtomicError invalid when it is absent, a directory or a hard link itself */
export function followHardlink(root: DirectoryNode, target: ByteString): Exclude<InodeNode, DirectoryNode> {
  let node: TreeNode | undefined = root;
  for (const name of target.slice(1).split("/")) {
    node = node?.kind === "directory" ? node.children.get(name as ByteString) : undefined;
  }
  if (node === undefined || node.kind === "directory" || node.kind === "hardlink") {
    throw new AtomicError(
      "invalid",
      `following hard link ${toText(target)}: expected a file, found ${node?.kind ?? "nothing"}`,
    );
  }
  return node;
}
