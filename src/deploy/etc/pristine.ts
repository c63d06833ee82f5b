/** What `/etc` is before anybody changes it: `/usr/etc` of a commit's tree. */
import { type ByteString, fromText } from "../../bytes.ts";
import { AtomicError } from "../../errors.ts";
import { type DirectoryNode, followHardlink, lookup } from "../../ostree/index.ts";
import type { EtcDirectory, EtcNode } from "./tree.ts";

/**
 * The pristine directory of a whole OS tree, for `checkout`: `/usr/etc`; `/etc` in a tree that has only that; an empty
 * one in a tree that has neither.
 * @throws AtomicError invalid when both hold something, or when it is no directory
 */
export function pristineDirectory(root: DirectoryNode): DirectoryNode {
  const usrEtc = directoryAt(root, "/usr/etc");
  const etc = directoryAt(root, "/etc");
  if (usrEtc === undefined) return etc ?? { ...root, mode: 0o755, children: new Map() };
  if (etc !== undefined && etc.children.size > 0 && usrEtc.children.size > 0) {
    throw new AtomicError("invalid", "reading the tree: both /etc and /usr/etc hold something", {
      hint: "move what is in /etc of the tree to /usr/etc",
    });
  }
  return usrEtc.children.size > 0 ? usrEtc : (etc ?? usrEtc);
}

function directoryAt(root: DirectoryNode, path: string): DirectoryNode | undefined {
  const node = lookup(root, fromText(path));
  if (node !== undefined && node.kind !== "directory") {
    throw new AtomicError("invalid", `reading ${path} of the tree: expected a directory, found a ${node.kind}`);
  }
  return node;
}

/** The same for comparing: a hard link is shown as the file it names. @throws AtomicError invalid */
export function pristineEtc(root: DirectoryNode): EtcDirectory {
  return withoutHardlinks(root, pristineDirectory(root));
}

function withoutHardlinks(root: DirectoryNode, directory: DirectoryNode): EtcDirectory {
  const children = new Map<ByteString, EtcNode>();
  for (const [name, child] of directory.children) {
    const inode = child.kind === "hardlink" ? followHardlink(root, child.target) : child;
    children.set(name, inode.kind === "directory" ? withoutHardlinks(root, inode) : inode);
  }
  return { ...directory, children };
}
