/**
 * From a tree to the list of inodes an image holds: breadth first, entries sorted, hard links resolved, with the
 * entries and xattrs that overlayfs needs.
 */
import { type ByteString, compareBytes, toText } from "../../bytes.ts";
import type { DeviceNode, DirectoryNode, InodeNode } from "../tree.ts";
import { checkInode, nameProblem, refusal } from "./check.ts";
import { isWhiteout, overlayXattrs } from "./overlay-xattrs.ts";
import { DIRENT_TYPE, FILE_TYPE } from "./erofs.ts";
import { type PooledXattr, type XattrPool, createXattrPool } from "./xattr-pool.ts";

const OPAQUE = "trusted.overlay.opaque" as ByteString;
const SELINUX = "security.selinux";
const ACLS = ["system.posix_acl_access", "system.posix_acl_default"];
/** The data layer's object directories, which would show in the root if nothing hid them. */
const OBJECT_DIRECTORIES = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, "0") as ByteString);

export interface Inode {
  /** Inode number, its index in the list. */
  number: number;
  node: InodeNode;
  parent: Inode;
  name: ByteString;
  /** File type and permission bits. */
  mode: number;
  direntType: number;
  nlink: number;
  /** Sorted by name. */
  xattrs: PooledXattr[];
  /** A directory's names, sorted, with `.` and `..`; empty for anything else. */
  names: readonly ByteString[];
  /** The inodes `names` stand for. */
  targets: Inode[];
}

export interface ImageInodes {
  /** Breadth first. */
  inodes: Inode[];
  xattrs: XattrPool;
  hasAcl: boolean;
  hasWhiteout: boolean;
}

interface Hardlink {
  directory: Inode;
  index: number;
  target: ByteString;
}

/** The inodes of the image of `root`. @throws AtomicError invalid, naming the path, for a tree no image can hold */
export function imageInodes(root: DirectoryNode): ImageInodes {
  const xattrs = createXattrPool();
  const guard = objectDirectoryGuard(root);
  const inodes = [createInode(0, root, undefined, "" as ByteString)];
  const hardlinks: Hardlink[] = [];
  let hasAcl = false;
  let hasWhiteout = false;
  for (let i = 0; i < inodes.length; i++) {
    const inode = inodes[i]!;
    const { node } = inode;
    let holdsWhiteouts = false;
    if (node.kind === "directory") holdsWhiteouts = expand(inode, node, node === root ? guard : undefined, inodes, hardlinks);
    inode.xattrs =
      node === guard
        ? guard.xattrs.map(({ name, value }) => xattrs.use(name, value))
        : overlayXattrs(node, holdsWhiteouts, xattrs, () => pathOf(inode));
    if (node === root) inode.xattrs.push(xattrs.use(OPAQUE, "y" as ByteString));
    if (!isSorted(inode.xattrs)) inode.xattrs.sort((a, b) => compareBytes(a.name, b.name));
    hasAcl ||= node.xattrs.some(({ name }) => ACLS.includes(name));
    if (node !== guard && isWhiteout(node)) becomeFile(inode);
    hasWhiteout ||= holdsWhiteouts;
  }
  for (const link of hardlinks) resolve(inodes[0]!, guard, link);
  return { inodes, xattrs, hasAcl, hasWhiteout };
}

function isSorted(xattrs: readonly PooledXattr[]): boolean {
  for (let i = 1; i < xattrs.length; i++) if (xattrs[i]!.name < xattrs[i - 1]!.name) return false;
  return true;
}

/** Fills in a directory's entries and appends its children. @returns whether one of them is a whiteout */
function expand(
  directory: Inode,
  node: DirectoryNode,
  guard: DeviceNode | undefined,
  inodes: Inode[],
  hardlinks: Hardlink[],
): boolean {
  const { children } = node;
  const names = [...children.keys()];
  for (const name of names) {
    const problem = nameProblem(name);
    if (problem !== undefined) throw refusal(pathOf(directory, name), problem);
  }
  if (guard !== undefined) names.push(...OBJECT_DIRECTORIES.filter((name) => !children.has(name)));
  names.push("." as ByteString, ".." as ByteString);
  names.sort();

  let holdsWhiteouts = false;
  const targets = new Array<Inode>(names.length);
  for (let i = 0; i < names.length; i++) {
    const name = names[i]!;
    const child = children.get(name) ?? guard;
    if (name === "." || name === "..") {
      targets[i] = name === "." ? directory : directory.parent;
    } else if (child!.kind === "hardlink") {
      hardlinks.push({ directory, index: i, target: child!.target });
    } else {
      const inode = createInode(inodes.length, child!, directory, name);
      if (child!.kind === "directory") directory.nlink += 1;
      if (child !== guard && isWhiteout(child!)) holdsWhiteouts = true;
      targets[i] = inode;
      inodes.push(inode);
    }
  }
  directory.names = names;
  directory.targets = targets;
  return holdsWhiteouts;
}

function createInode(number: number, node: InodeNode, parent: Inode | undefined, name: ByteString): Inode {
  const inode: Inode = {
    number,
    node,
    parent: parent as Inode,
    name,
    mode: FILE_TYPE[node.kind] | node.mode,
    direntType: DIRENT_TYPE[node.kind],
    nlink: node.kind === "directory" ? 2 : 1,
    xattrs: [],
    names: [],
    targets: [],
  };
  if (parent === undefined) inode.parent = inode;
  checkInode(node, () => pathOf(inode));
  return inode;
}

/** The whiteout that hides an object directory; it looks like the root's own. */
function objectDirectoryGuard({ uid, gid, mtime, mtimeNsec, xattrs }: DirectoryNode): DeviceNode {
  const label = xattrs.filter(({ name }) => name === SELINUX);
  return { kind: "character", rdev: 0, mode: 0o644, uid, gid, mtime, mtimeNsec, xattrs: label };
}

/** A whiteout of the tree must not hide anything in this overlay: it becomes an empty file with marks. */
function becomeFile(inode: Inode): void {
  inode.mode = FILE_TYPE.file | inode.node.mode;
  inode.direntType = DIRENT_TYPE.file;
}

function resolve(root: Inode, guard: DeviceNode, { directory, index, target }: Hardlink): void {
  let found: Inode | undefined = target.startsWith("/") ? root : undefined;
  for (const name of target.slice(1).split("/")) found = nameProblem(name as ByteString) === undefined ? childOf(found, name) : undefined;
  if (found === undefined || found.node === guard || found.node.kind === "directory") {
    const problem = found?.node.kind === "directory" ? "is a directory" : "does not exist or is a hard link itself";
    throw refusal(pathOf(directory, directory.names[index]), `its hard link target ${toText(target)} ${problem}`);
  }
  found.nlink += 1;
  directory.targets[index] = found;
}

function childOf(directory: Inode | undefined, name: string): Inode | undefined {
  if (directory === undefined) return undefined;
  const { names, targets } = directory;
  let low = 0;
  let high = names.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (names[middle]! < name) low = middle + 1;
    else high = middle;
  }
  const found = names[low] === name ? targets[low] : undefined;
  // Hard links resolved so far are found under their own name, which no target may use.
  return found?.name === name && found.parent === directory ? found : undefined;
}

function pathOf(inode: Inode, name?: ByteString): string {
  const parts = name === undefined ? [] : [name];
  for (let at = inode; at !== at.parent; at = at.parent) parts.push(at.name);
  return toText(`/${parts.reverse().join("/")}` as ByteString);
}
