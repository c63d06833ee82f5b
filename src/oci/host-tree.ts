/**
 * From the root filesystem of a bootable container image to a host tree.
 * Spec: https://bootc-dev.github.io/bootc/building/guidance.html, and docs/images.md for what a host tree is
 */
import { type ByteString, fromText } from "../bytes.ts";
import { AtomicError } from "../errors.ts";
import type { DirectoryNode, InodeMeta, TreeNode } from "../ostree/index.ts";
import { canonicalTree } from "./layer/canonical-tree.ts";

/** Directories a host mounts over: what the image has in them was there while it was built. */
const EMPTIED = ["run", "tmp", "proc", "sys", "dev", "boot", "sysroot"];
/** What must be there to be mounted on, and its mode. */
const MOUNT_POINTS = {
  dev: 0o755,
  etc: 0o755,
  boot: 0o755,
  proc: 0o555,
  run: 0o755,
  sys: 0o555,
  sysroot: 0o755,
  var: 0o755,
};
const TEMPORARY = 0o1777;
/** What builders put into a container for as long as it runs. */
const OF_THE_BUILD = ["/.dockerenv", "/usr/etc/hostname", "/usr/etc/resolv.conf", "/usr/etc/.updated", "/usr/etc/mtab"];
const MODULES = "/usr/lib/modules";

/**
 * The host tree of an image: `/etc` is the pristine `/usr/etc`, what was there only for the build is gone.
 * `/var` stays: the first deployment of a stateroot takes it over.
 * @param tree in canonical form
 * @param what the image, for messages
 * @throws AtomicError invalid when it has no kernel, or both `/etc` and `/usr/etc`
 */
export function hostTree(tree: DirectoryNode, what: string): DirectoryNode {
  const root = sharedTree(tree);
  moveEtc(root, what);
  for (const name of EMPTIED) root.children.delete(fromText(name));
  for (const [name, mode] of Object.entries(MOUNT_POINTS))
    if (!root.children.has(fromText(name))) root.children.set(fromText(name), emptyDirectory(mode));
  root.children.set(fromText("tmp"), emptyDirectory(TEMPORARY));
  for (const path of OF_THE_BUILD) {
    const parent = find(root, path.slice(0, path.lastIndexOf("/")));
    if (parent?.kind === "directory") parent.children.delete(fromText(path.slice(path.lastIndexOf("/") + 1)));
  }
  checkKernel(root, what);
  return canonicalTree({ ...root, mode: 0o755 });
}

function moveEtc(root: DirectoryNode, what: string): void {
  const etc = root.children.get(fromText("etc"));
  const usr = root.children.get(fromText("usr"));
  if (usr?.kind !== "directory") throw new AtomicError("invalid", `importing ${what}: it has no /usr`);
  const pristine = usr.children.get(fromText("etc"));
  const isFilled = (node: TreeNode | undefined) => node?.kind === "directory" && node.children.size > 0;
  if (etc !== undefined && etc.kind !== "directory")
    throw new AtomicError("invalid", `importing ${what}: /etc is a ${etc.kind}`);
  if (isFilled(etc) && isFilled(pristine))
    throw new AtomicError("invalid", `importing ${what}: it has both /etc and /usr/etc`);
  if (etc === undefined || !isFilled(etc)) return;
  usr.children.set(fromText("etc"), etc);
  root.children.set(fromText("etc"), emptyDirectory(MOUNT_POINTS.etc));
}

function checkKernel(root: DirectoryNode, what: string): void {
  const modules = find(root, MODULES);
  if (modules?.kind === "directory" && [...modules.children.values()].some(hasKernel)) return;
  throw new AtomicError(
    "invalid",
    `importing ${what}: it has no kernel ${MODULES}/VERSION/vmlinuz, so no host boots it`,
    {
      hint: "atomic pull IMAGE",
    },
  );
}

function hasKernel(node: TreeNode): boolean {
  return node.kind === "directory" && node.children.get(fromText("vmlinuz"))?.kind === "file";
}

/** The tree with hard links as shared nodes, so that files can move. */
function sharedTree(tree: DirectoryNode): DirectoryNode {
  const copy = (directory: DirectoryNode): DirectoryNode => {
    const children = new Map<ByteString, TreeNode>();
    for (const [name, child] of directory.children) {
      const node = child.kind === "hardlink" ? (find(tree, child.target) ?? child) : child;
      children.set(name, node.kind === "directory" ? copy(node) : node);
    }
    return { ...directory, children };
  };
  return copy(tree);
}

function find(root: DirectoryNode, path: string): TreeNode | undefined {
  let node: TreeNode | undefined = root;
  for (const name of path.split("/"))
    if (name !== "") node = node?.kind === "directory" ? node.children.get(name as ByteString) : undefined;
  return node;
}

function emptyDirectory(mode: number): DirectoryNode {
  const meta: InodeMeta = { mode, uid: 0, gid: 0, mtime: 0, mtimeNsec: 0, xattrs: [] };
  return { kind: "directory", ...meta, children: new Map() };
}
