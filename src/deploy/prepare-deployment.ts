/** Everything a new deployment is made of, read and checked before the first write. */
import { join } from "node:path";
import type { Checksum } from "../digest.ts";
import { AT_FDCWD, readFile, statIfExists } from "../linux/index.ts";
import { type DirectoryNode, readCommit, renderCommitImage } from "../ostree/index.ts";
import { verityOf } from "../verity.ts";
import { bootChecksum, findKernel, type TreeKernel } from "./deployment-kernel.ts";
import type { Stateroot } from "./deployment-id.ts";
import type { EtcNode } from "./etc/tree.ts";
import { listDirectories } from "./host-state.ts";
import { lazyTree } from "./lazy-tree.ts";
import { pristineEtc } from "./etc/pristine.ts";
import { type Need, preflight } from "./preflight.ts";
import { deploymentPath, type Sysroot } from "./sysroot.ts";

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

/** Far above the image of any host; bounds what is read from disk. Bytes. */
const MAX_IMAGE = 1024 * 1024 * 1024;
/** The new `/etc`, and what its history may take before and after the merge. */
const ETC_COPIES = 3;

/** Reads what deploying `commit` needs. @throws AtomicError not-found, corrupt, invalid (no kernel) */
export function prepareDeployment(sysroot: Sysroot, commit: Checksum): Prepared {
  const { repo } = sysroot;
  const tree = lazyTree(repo, commit);
  const kernel = findKernel(tree);
  const imageDigest = readCommit(repo, commit).image;
  const image = deployedImage(sysroot, commit, imageDigest) ?? renderCommitImage(repo, commit);
  return { commit, tree, kernel, bootChecksum: bootChecksum(sysroot, kernel), image, imageDigest };
}

/** The image of another deployment of the commit, if it is intact: rendering takes far longer than checking. */
function deployedImage(sysroot: Sysroot, commit: Checksum, digest: Checksum): Buffer | undefined {
  for (const name of listDirectories(sysroot).filter((other) => other.commit === commit)) {
    const path = join(deploymentPath(sysroot, name), "image");
    const size = statIfExists(AT_FDCWD, path)?.size ?? Infinity;
    const bytes = size <= MAX_IMAGE ? readFile(path, MAX_IMAGE) : undefined;
    if (bytes !== undefined && verityOf(bytes) === digest) return bytes;
  }
  return undefined;
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
  preflight([root, bootNeed(sysroot, stateroot, prepared)]);
}

/** What a kernel takes in the boot directory; nothing when it is there. */
export function bootNeed(
  sysroot: Sysroot,
  stateroot: Stateroot,
  { kernel: { kernel, initramfs }, bootChecksum: checksum }: Pick<Prepared, "kernel" | "bootChecksum">,
): Need {
  const path = join(sysroot.boot, "atomic", `${stateroot}-${checksum}`, "vmlinuz");
  const isInstalled = statIfExists(AT_FDCWD, path) !== undefined;
  const files = isInstalled ? [] : [kernel.size, ...(initramfs === undefined ? [] : [initramfs.size])];
  return { path: sysroot.boot, files, inodes: 1 };
}

function count(node: EtcNode, into: { files: number[]; inodes: number }): void {
  if (node.kind === "file") return void into.files.push(node.size);
  into.inodes++;
  if (node.kind === "directory") for (const child of node.children.values()) count(child, into);
}
