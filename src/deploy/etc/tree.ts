/**
 * What `/etc` holds, as the merge sees it: three of these trees (base, ours, theirs) are compared path by path.
 *
 * Times are not compared: touching a file is not configuring it. A hard link is shown as the file it names.
 */
import type { ByteString } from "../../bytes.ts";
import type { Checksum } from "../../digest.ts";
import type { DeviceNode, InodeMeta, PipeNode, SymlinkNode } from "../../ostree/index.ts";

export interface EtcFile extends InodeMeta {
  kind: "file";
  size: number;
  checksum: Checksum;
}
export interface EtcDirectory extends InodeMeta {
  kind: "directory";
  children: Map<ByteString, EtcNode>;
}
export type EtcNode = EtcFile | EtcDirectory | SymlinkNode | DeviceNode | PipeNode;

/** Same type and same content, whatever the metadata; for directories the whole subtree. */
export function sameContent(a: EtcNode, b: EtcNode): boolean {
  switch (a.kind) {
    case "file":
      return b.kind === "file" && a.checksum === b.checksum;
    case "symlink":
      return b.kind === "symlink" && a.target === b.target;
    case "character":
    case "block":
      return b.kind === a.kind && a.rdev === b.rdev;
    case "fifo":
    case "socket":
      return b.kind === a.kind;
    case "directory":
      return b.kind === "directory" && sameChildren(a, b, sameContent);
  }
}

/** Same mode, owner and xattrs. A symlink's mode is no property of it on Linux and not compared. */
export function sameMeta(a: EtcNode, b: EtcNode): boolean {
  const sameMode = a.kind === "symlink" || a.mode === b.mode;
  return sameMode && a.uid === b.uid && a.gid === b.gid && sameXattrs(a, b);
}

/** Same in everything, down the whole subtree; two absent nodes are the same. */
export function sameTree(a: EtcNode | undefined, b: EtcNode | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  if (!sameMeta(a, b)) return false;
  if (a.kind === "directory") return b.kind === "directory" && sameChildren(a, b, sameTree);
  return sameContent(a, b);
}

function sameChildren(a: EtcDirectory, b: EtcDirectory, same: (a: EtcNode, b: EtcNode) => boolean): boolean {
  if (a.children.size !== b.children.size) return false;
  for (const [name, child] of a.children) {
    const other = b.children.get(name);
    if (other === undefined || !same(child, other)) return false;
  }
  return true;
}

function sameXattrs(a: InodeMeta, b: InodeMeta): boolean {
  return (
    a.xattrs.length === b.xattrs.length &&
    a.xattrs.every((xattr, i) => xattr.name === b.xattrs[i]!.name && xattr.value === b.xattrs[i]!.value)
  );
}
