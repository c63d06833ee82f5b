/**
 * From a tree to the list of inodes an image holds: breadth first, entries sorted, hard links resolved, with the
 * entries and xattrs that overlayfs needs.
 */
import { type ByteString, compareBytes } from "../../bytes.ts";
import type { DeviceNode, DirectoryNode } from "../tree.ts";
import { nameProblem, refusal } from "./check.ts";
import { DIRENT_TYPE, FILE_TYPE } from "./erofs.ts";
import { type Inode, createInode, pathOf } from "./inode.ts";
import { isWhiteout, overlayXattrs } from "./overlay-xattrs.ts";
import { type Hardlink, resolveHardlink } from "./resolve-hardlink.ts";
import { type PooledXattr, type XattrPool, createXattrPool } from "./xattr-pool.ts";

const OPAQUE = "trusted.overlay.opaque" as ByteString;
const SELINUX = "security.selinux";
const ACLS = ["system.posix_acl_access", "system.posix_acl_default"];
/** The data layer's object directories, which would show in the root if nothing hid them. */
const OBJECT_DIRECTORIES = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, "0") as ByteString);

export interface ImageInodes {
  /** By inode number. */
  inodes: Inode[];
  xattrs: XattrPool;
  hasAcl: boolean;
  hasWhiteout: boolean;
}

/** The inodes of the image of `root`. @throws AtomicError invalid, naming the path, for a tree no image can hold */
export function imageInodes(root: DirectoryNode): ImageInodes {
  const pool = createXattrPool();
  const cover = objectDirectoryCover(root);
  const inodes = [createInode(0, root, "" as ByteString)];
  const hardlinks: Hardlink[] = [];
  let hasAcl = false;
  let hasWhiteout = false;
  for (let i = 0; i < inodes.length; i++) {
    const inode = inodes[i]!;
    const { node } = inode;
    let holdsWhiteouts = false;
    if (node.kind === "directory") holdsWhiteouts = expand(inode, node, i === 0 ? cover : undefined, inodes, hardlinks);
    const xattrs = node === cover ? usePlain(cover, pool) : overlayXattrs(inode, holdsWhiteouts, pool);
    if (i === 0) xattrs.push(pool.use(OPAQUE, "y" as ByteString));
    if (!isSorted(xattrs)) xattrs.sort((a, b) => compareBytes(a.name.full, b.name.full));
    inode.xattrs = xattrs;
    if (node !== cover && isWhiteout(node)) becomeFile(inode);
    hasAcl ||= node.xattrs.length > 0 && node.xattrs.some(({ name }) => ACLS.includes(name));
    hasWhiteout ||= holdsWhiteouts;
  }
  for (const link of hardlinks) resolveHardlink(inodes[0]!, link, cover);
  return { inodes, xattrs: pool, hasAcl, hasWhiteout };
}

/** Fills in a directory's entries and appends its children. @returns whether one of them is a whiteout */
function expand(
  directory: Inode,
  { children }: DirectoryNode,
  cover: DeviceNode | undefined,
  inodes: Inode[],
  hardlinks: Hardlink[],
): boolean {
  const names = [...children.keys()];
  for (const name of names) {
    const problem = nameProblem(name);
    if (problem !== undefined) throw refusal(pathOf(directory, name), problem);
  }
  if (cover !== undefined) names.push(...OBJECT_DIRECTORIES.filter((name) => !children.has(name)));
  names.push("." as ByteString, ".." as ByteString);
  names.sort();

  let holdsWhiteouts = false;
  directory.names = names;
  directory.targets = names.map((name, index) => {
    if (name === ".") return directory;
    if (name === "..") return directory.parent;
    const child = children.get(name) ?? cover!;
    if (child.kind === "hardlink") {
      hardlinks.push({ directory, index, target: child.target });
      return undefined;
    }
    if (child.kind === "directory") directory.nlink += 1;
    if (child !== cover && isWhiteout(child)) holdsWhiteouts = true;
    const inode = createInode(inodes.length, child, name, directory);
    inodes.push(inode);
    return inode;
  });
  return holdsWhiteouts;
}

/** The whiteout that covers an object directory; it looks like the root's own. */
function objectDirectoryCover({ uid, gid, mtime, mtimeNsec, xattrs }: DirectoryNode): DeviceNode {
  const label = xattrs.filter(({ name }) => name === SELINUX);
  return { kind: "character", rdev: 0, mode: 0o644, uid, gid, mtime, mtimeNsec, xattrs: label };
}

function usePlain({ xattrs }: DeviceNode, pool: XattrPool): PooledXattr[] {
  return xattrs.map(({ name, value }) => pool.use(name, value));
}

/** A whiteout of the tree must not delete anything in this overlay: it becomes an empty file with marks. */
function becomeFile(inode: Inode): void {
  inode.mode = FILE_TYPE.file | inode.node.mode;
  inode.direntType = DIRENT_TYPE.file;
}

function isSorted(xattrs: readonly PooledXattr[]): boolean {
  for (let i = 1; i < xattrs.length; i++) if (xattrs[i]!.name.full < xattrs[i - 1]!.name.full) return false;
  return true;
}
