/** Writing a tree out as plain files and directories. */
import { toBytes } from "../bytes.ts";
import { withFd } from "../linux/index.ts";
import { noProgress, type Progress } from "../progress.ts";
import { createSpecial } from "./create-special.ts";
import { followHardlink } from "./load-tree.ts";
import { openObject } from "./object-store.ts";
import type { Repo } from "./repo.ts";
import type { DirectoryNode, InodeNode, RegularNode, TreeNode } from "./tree.ts";

const SLASH = Buffer.from("/");

export interface CheckoutOptions {
  /** The directory to write; `root` itself or one below it. */
  node: DirectoryNode;
  /** The whole tree, where hard links lead. */
  root: DirectoryNode;
  /** Made by this call; its parent exists. */
  destination: string | Buffer;
  progress?: Progress;
}

/**
 * Writes `node` to `destination` with ownership, modes, times and xattrs. Two names of one file are hard links again
 * when both lie below `node`. Nothing is synced: the caller ends with a barrier.
 * @throws AtomicError exists, no-space, permission, not-found (an object the store lacks)
 */
export function checkout(repo: Repo, options: CheckoutOptions): void {
  const task = (options.progress ?? noProgress).start("checking out", { unit: "items" });
  const written = new Map<InodeNode, Buffer>();
  const write = (node: TreeNode, path: Buffer): void => {
    const inode = node.kind === "hardlink" ? followHardlink(options.root, node.target) : node;
    const first = node.kind === "directory" ? undefined : written.get(inode);
    if (first === undefined) {
      writeInode(repo, inode, path, write);
      if (inode.kind !== "directory") written.set(inode, path);
    } else {
      repo.disk.link(first, path);
    }
    task.advance();
  };
  write(options.node, Buffer.from(options.destination));
  task.finish();
}

function writeInode(repo: Repo, node: InodeNode, path: Buffer, write: (node: TreeNode, path: Buffer) => void): void {
  const { disk } = repo;
  switch (node.kind) {
    case "directory":
      disk.mkdir(path, 0o700);
      for (const [name, child] of node.children) write(child, Buffer.concat([path, SLASH, toBytes(name)]));
      break;
    case "file":
      writeContent(repo, node, path);
      break;
    case "symlink":
    case "character":
    case "block":
    case "fifo":
    case "socket":
      createSpecial(disk, node, path);
  }
  disk.setMetadata(path, node);
}

function writeContent(repo: Repo, node: RegularNode, path: Buffer): void {
  if (node.size === 0) {
    repo.disk.create(path, 0o600).close();
    return;
  }
  withFd(openObject(repo, node.checksum), (fd) => repo.disk.copy(fd, path, 0o600));
}
