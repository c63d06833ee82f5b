/**
 * The xattrs that make overlayfs find a file's bytes in the data layer and serve whiteouts as files.
 * Spec: https://docs.kernel.org/filesystems/overlayfs.html#data-only-lower-layers
 */
import type { ByteString } from "../../bytes.ts";
import type { TreeNode, Xattr } from "../tree.ts";
import { FIRST_XATTR_OVERHEAD, XATTR_OVERHEAD, refusal } from "./check.ts";
import { type Inode, pathOf } from "./inode.ts";
import type { PooledXattr, XattrPool } from "./xattr-pool.ts";

const OVERLAY = "trusted.overlay.";
/** Where overlayfs looks for an escaped `trusted.overlay.NAME`, so that a tree can hold an overlay layer. */
const ESCAPED = "trusted.overlay.overlay.";
const USER = "user.overlay.";

const WHITEOUT_MARKS = [
  { name: `${ESCAPED}whiteout`, value: "" },
  { name: `${USER}whiteout`, value: "" },
] as Xattr[];
const WHITEOUTS_MARKS = [
  { name: `${ESCAPED}whiteouts`, value: "" },
  { name: `${USER}whiteouts`, value: "" },
  { name: `${ESCAPED}opaque`, value: "x" },
  { name: `${USER}opaque`, value: "x" },
] as Xattr[];

/** True for a character device 0:0, by which an overlay layer says that a name is deleted. */
export function isWhiteout(node: TreeNode): boolean {
  return node.kind === "character" && node.rdev === 0;
}

/**
 * The xattrs an image stores for `inode`, unsorted.
 * @param holdsWhiteouts whether it is a directory with a whiteout in it
 * @throws AtomicError invalid, naming the path, when the tree's own xattrs contradict the marks of a whiteout
 */
export function overlayXattrs(inode: Inode, holdsWhiteouts: boolean, pool: XattrPool): PooledXattr[] {
  const { node } = inode;
  const isFile = node.kind === "file" && node.size > 0;
  const data = isFile ? [pool.useMetacopy(node.verity), pool.useRedirect(node.checksum)] : [];
  const whiteout = isWhiteout(node);
  if (node.xattrs.length === 0 && !whiteout && !holdsWhiteouts) return data;
  const own = node.xattrs.map(escape);
  if (whiteout || holdsWhiteouts) setMarks(own, whiteout ? WHITEOUT_MARKS : WHITEOUTS_MARKS, inode);
  return [...own.map(({ name, value }) => pool.use(name, value)), ...data];
}

function escape(xattr: Xattr): Xattr {
  const { name, value } = xattr;
  return name.startsWith(OVERLAY) ? { name: (ESCAPED + name.slice(OVERLAY.length)) as ByteString, value } : xattr;
}

/**
 * Sets marks, replacing those the tree brought along. mkcomposefs counts only the bytes of the marks, so replacing a
 * longer value makes its count negative, which it takes for a huge one: what it refuses for that is refused here.
 */
function setMarks(xattrs: Xattr[], marks: readonly Xattr[], inode: Inode): void {
  let size = 0;
  for (const mark of marks) {
    const old = xattrs.findIndex(({ name }) => name === mark.name);
    if (old >= 0) {
      const [replaced] = xattrs.splice(old, 1) as [Xattr];
      size = xattrs.length === 0 ? 0 : size - countedSize(replaced);
    }
    size += countedSize(mark) + (xattrs.length === 0 ? FIRST_XATTR_OVERHEAD : 0);
    if (size < 0) throw refusal(pathOf(inode), `its xattr ${mark.name} is not what a whiteout needs`);
    xattrs.push(mark);
  }
}

function countedSize({ name, value }: Xattr): number {
  return XATTR_OVERHEAD + name.length + value.length;
}
