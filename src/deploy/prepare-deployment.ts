/** Everything a new deployment is made of, read and checked before the first write. */
import { join } from "node:path";
import type { Checksum } from "../digest.ts";
import { AT_FDCWD, statIfExists } from "../linux/index.ts";
import { type DirectoryNode, loadTree, readCommit, renderCommitImage } from "../ostree/index.ts";
import { bootChecksum, findKernel, type TreeKernel } from "./deployment-kernel.ts";
import type { Stateroot } from "./deployment-id.ts";
import type { EtcNode } from "./etc-tree.ts";
import { pristineEtc } from "./pristine-etc.ts";
import { type Need, preflight } from "./preflight.ts";
import type { Sysroot } from "./sysroot.ts";

export interface Prepared {
  commit: Checksum;
  /** The commit's whole tree. */
  tree: DirectoryNode;
  kernel: TreeKernel;
  bootChecksum: Checksum;
  /** The EROFS image, and its fs-verity digest. */
  image: Buffer;
  imageDigest: Checksum;
}

/** What the journal entries of a merged `/etc` and its history may add to the pristine one, as a factor. */
const ETC_COPIES = 3;

/** Reads what deploying `commit` needs. @throws AtomicError not-found, corrupt, invalid (no kernel) */
export function prepareDeployment(sysroot: Sysroot, commit: Checksum): Prepared {
  const { repo } = sysroot;
  const tree = loadTree(repo, commit);
  const kernel = findKernel(tree);
  return {
    commit,
    tree,
    kernel,
    bootChecksum: bootChecksum(sysroot, kernel),
    image: renderCommitImage(repo, commit),
    imageDigest: readCommit(repo, commit).image,
  };
}

/**
 * Checks that a deployment fits: `/etc`, the image, and the kernel unless the boot directory has it.
 * @throws AtomicError no-space, read-only
 */
export function preflightDeployment(sysroot: Sysroot, stateroot: Stateroot, prepared: Prepared): void {
  const etc = { files: [] as number[], inodes: 0 };
  count(pristineEtc(prepared.tree), etc);
  const copies = Array<number[]>(ETC_COPIES).fill(etc.files).flat();
  const root: Need = { path: sysroot.path, files: [...copies, prepared.image.length], inodes: ETC_COPIES * etc.inodes };
  const { kernel, initramfs } = prepared.kernel;
  const installed = statIfExists(AT_FDCWD, join(sysroot.boot, "atomic", `${stateroot}-${prepared.bootChecksum}`, "vmlinuz"));
  const files = installed === undefined ? [kernel.size, ...(initramfs === undefined ? [] : [initramfs.size])] : [];
  preflight([root, { path: sysroot.boot, files, inodes: 1 }]);
}

function count(node: EtcNode, into: { files: number[]; inodes: number }): void {
  if (node.kind === "file") return void into.files.push(node.size);
  into.inodes++;
  if (node.kind === "directory") for (const child of node.children.values()) count(child, into);
}
