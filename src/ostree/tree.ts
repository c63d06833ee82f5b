/**
 * The in-memory OS tree: what a commit holds, independent of where the file bytes are.
 *
 * Names, symlink targets and xattrs are byte strings; children are sorted bytewise by name.
 * A hard link is a node of its own that names its first path in depth-first order.
 */
import type { ByteString } from "../bytes.ts";
import type { Checksum } from "../digest.ts";

export interface Xattr {
  name: ByteString;
  value: ByteString;
}

/** The metadata every inode carries. */
export interface InodeMeta {
  /** Permission bits with set-id and sticky (07777), without the file type. */
  mode: number;
  uid: number;
  gid: number;
  /** Whole seconds since the epoch, may be negative. */
  mtime: number;
  /** Nanoseconds within the second, 0 … 999,999,999. */
  mtimeNsec: number;
  /** Sorted bytewise by name, names unique. */
  xattrs: readonly Xattr[];
}

export interface RegularNode extends InodeMeta {
  kind: "file";
  size: number;
  /** BLAKE3 of the content. */
  checksum: Checksum;
  /** fs-verity SHA-256 digest of the content (4096-byte blocks, no salt), 64 hex digits. */
  verity: Checksum;
}
export interface DirectoryNode extends InodeMeta {
  kind: "directory";
  children: Map<ByteString, TreeNode>;
}
export interface SymlinkNode extends InodeMeta {
  kind: "symlink";
  target: ByteString;
}
export interface DeviceNode extends InodeMeta {
  kind: "character" | "block";
  /** Device number as the kernel encodes it in 32 bits (new_encode_dev). */
  rdev: number;
}
export interface PipeNode extends InodeMeta {
  kind: "fifo" | "socket";
}
export interface HardlinkNode {
  kind: "hardlink";
  /** Path from the tree's root, starting with "/". */
  target: ByteString;
}

export type InodeNode = RegularNode | DirectoryNode | SymlinkNode | DeviceNode | PipeNode;
export type TreeNode = InodeNode | HardlinkNode;
