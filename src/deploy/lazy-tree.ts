/** A commit's tree of which only the directories that are looked into are read: deploying needs few of them. */
import type { ByteString } from "../bytes.ts";
import type { Checksum } from "../digest.ts";
import {
  type DirectoryNode,
  type InodeMeta,
  readCommit,
  readDirtree,
  type Repo,
  type TreeNode,
} from "../ostree/index.ts";

/**
 * The tree of a commit. A directory's `children` are read when first used, and throw then what reading throws.
 * @throws AtomicError not-found, corrupt, invalid
 */
export function lazyTree(repo: Repo, commit: Checksum): DirectoryNode {
  const { tree, root } = readCommit(repo, commit);
  return lazyDirectory(repo, tree, root);
}

function lazyDirectory(
  repo: Repo,
  tree: Checksum,
  { mode, uid, gid, mtime, mtimeNsec, xattrs }: InodeMeta,
): DirectoryNode {
  let children: Map<ByteString, TreeNode> | undefined;
  return {
    kind: "directory",
    ...{ mode, uid, gid, mtime, mtimeNsec, xattrs },
    get children() {
      children ??= readChildren(repo, tree);
      return children;
    },
  };
}

function readChildren(repo: Repo, tree: Checksum): Map<ByteString, TreeNode> {
  const entries = [...readDirtree(repo, tree)];
  return new Map(
    entries.map(([name, entry]) => [name, entry.kind === "directory" ? lazyDirectory(repo, entry.tree, entry) : entry]),
  );
}
