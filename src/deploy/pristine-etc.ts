/** The `/usr/etc` of a commit's tree: what its `/etc` is before anybody changes it. */
import { type ByteString, fromText } from "../bytes.ts";
import { AtomicError } from "../errors.ts";
import { type DirectoryNode, lookup } from "../ostree/index.ts";
import type { EtcDirectory, EtcNode } from "./etc-tree.ts";

const PRISTINE = fromText("/usr/etc");

/**
 * The directory `/usr/etc` of a whole OS tree, for `checkout`; undefined when the tree has none.
 * @throws AtomicError invalid when it is no directory
 */
export function pristineDirectory(root: DirectoryNode): DirectoryNode | undefined {
  const node = lookup(root, PRISTINE);
  if (node !== undefined && node.kind !== "directory") {
    throw new AtomicError("invalid", `reading /usr/etc of the tree: expected a directory, found a ${node.kind}`);
  }
  return node;
}

/** The same for comparing: hard links are shown as the file they name. */
export function pristineEtc(root: DirectoryNode): EtcDirectory | undefined {
  const directory = pristineDirectory(root);
  return directory === undefined ? undefined : withoutHardlinks(root, directory);
}

/** `directory` of the tree `root` with every hard link replaced by its file. @throws AtomicError corrupt on one that names nothing */
export function withoutHardlinks(root: DirectoryNode, directory: DirectoryNode): EtcDirectory {
  const children = new Map<ByteString, EtcNode>();
  for (const [name, child] of directory.children) {
    const inode = child.kind === "hardlink" ? lookup(root, child.target) : child;
    if (inode === undefined || inode.kind === "hardlink") {
      throw new AtomicError("corrupt", `reading the tree: a hard link names nothing`);
    }
    children.set(name, inode.kind === "directory" ? withoutHardlinks(root, inode) : inode);
  }
  return { ...directory, children };
}
