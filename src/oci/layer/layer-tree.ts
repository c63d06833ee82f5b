/**
 * The tree of one layer, built entry by entry.
 *
 * Whiteouts stay in it as the files they are in the archive. A directory that only the names below it imply carries
 * the mark `IMPLIED`: where a lower layer has it, that layer's metadata counts. A hard link whose target is not in the
 * layer leads into lower ones. Nothing here touches a filesystem: a name cannot escape from a tree in memory.
 */
import type { ByteString } from "../../bytes.ts";
import {
  type DirectoryNode,
  EMPTY_CHECKSUM,
  EMPTY_VERITY,
  type HardlinkNode,
  type InodeMeta,
  type InodeNode,
  type TreeNode,
  type Xattr,
} from "../../ostree/index.ts";
import type { TarEntry } from "../tar/read-tar.ts";
import { canonicalTree } from "./canonical-tree.ts";
import { entryPath, linkPath, pathOf, refused, specialName } from "./entry-path.ts";

/** No xattr of the kernel is called so: every name there has a namespace. */
export const IMPLIED: Xattr = { name: "implied" as ByteString, value: "" as ByteString };

export interface LayerTree {
  /**
   * Puts an entry into the tree.
   * @returns its node when it is a file, whose digests are still missing; undefined when it has no content to keep
   * @throws AtomicError invalid, naming the entry
   */
  place(entry: TarEntry): FileNode | undefined;
  /** The whole tree. @throws AtomicError invalid when a hard link came before its target */
  finish(): DirectoryNode;
}
export type FileNode = Extract<InodeNode, { kind: "file" }>;

/** Far above any image's. */
const MAX_ENTRIES = 2_000_000;
const MAX_ID = 0xfffffffe;
/** Linux: PATH_MAX. */
const MAX_TARGET = 4095;
const DEVICES = "dev" as ByteString;
const BARE: InodeMeta = { mode: 0o755, uid: 0, gid: 0, mtime: 0, mtimeNsec: 0, xattrs: [] };

/** @param what the layer, for messages */
export function createLayerTree(what: string): LayerTree {
  const root = impliedDirectory();
  const outside: HardlinkNode[] = [];
  let entries = 0;

  function place(entry: TarEntry): FileNode | undefined {
    const parts = entryPath(entry.name, what);
    if (++entries > MAX_ENTRIES) throw refused(what, entry.name, `the layer has more than ${MAX_ENTRIES} entries`);
    const special = specialName(parts, what);
    if (special?.kind === "ignored") return undefined;
    if (special !== undefined) {
      // umoci hides name by name what was below a directory that the same layer made a file of.
      if (isBelowFile(parts)) return undefined;
      // Some tools list a whiteout twice; it says nothing new.
      parentOf(parts, entry).children.set(parts.at(-1)!, whiteout());
      return undefined;
    }
    if (entry.type === "character" || entry.type === "block") {
      // Whoever runs the image mounts its own /dev.
      if (parts.length > 1 && parts[0] === DEVICES) return undefined;
      throw refused(what, entry.name, `it is a ${entry.type} device`);
    }
    const node = nodeOf(entry, parts);
    if (parts.length === 0) {
      if (node.kind !== "directory") throw refused(what, entry.name, `the root is a ${entry.type}`);
      Object.assign(root, metaOf(entry, what));
      return undefined;
    }
    insert(parentOf(parts, entry), parts.at(-1)!, node, entry);
    return node.kind === "file" && entry.type === "file" ? node : undefined;
  }

  function insert(parent: DirectoryNode, name: ByteString, node: TreeNode, entry: TarEntry): void {
    const present = parent.children.get(name);
    if (present === undefined) parent.children.set(name, node);
    else if (present.kind === "directory" && node.kind === "directory") Object.assign(present, metaOf(entry, what));
    else throw refused(what, entry.name, "it is in the layer twice");
  }

  function parentOf(parts: readonly ByteString[], entry: TarEntry): DirectoryNode {
    let directory = root;
    parts.slice(0, -1).forEach((part, i) => {
      let child = directory.children.get(part);
      if (child === undefined) directory.children.set(part, (child = impliedDirectory()));
      if (child.kind !== "directory") {
        throw refused(what, entry.name, `its parent ${pathOf(parts.slice(0, i + 1))} is a ${child.kind}`);
      }
      directory = child;
    });
    return directory;
  }

  function isBelowFile(parts: readonly ByteString[]): boolean {
    let node: TreeNode | undefined = root;
    for (const part of parts.slice(0, -1)) node = node?.kind === "directory" ? node.children.get(part) : node;
    return node?.kind === "file";
  }

  function nodeOf(entry: TarEntry, parts: readonly ByteString[]): TreeNode {
    switch (entry.type) {
      case "directory":
        return { kind: "directory", ...metaOf(entry, what), children: new Map() };
      case "symlink":
        if (entry.target === "" || entry.target.includes("\0") || entry.target.length > MAX_TARGET)
          throw refused(what, entry.name, "it is a symlink without a legal target");
        return { kind: "symlink", ...metaOf(entry, what), mode: 0o777, target: entry.target };
      case "hardlink":
        return linkTarget(entry, parts);
      case "fifo":
        return { kind: "fifo", ...metaOf(entry, what) };
      case "file":
        return fileNode(metaOf(entry, what), entry.size);
      case "character":
      case "block":
        throw new Error("a device was let through");
    }
  }

  /** The very node a hard link names, or a link that leads into lower layers. */
  function linkTarget(entry: TarEntry, parts: readonly ByteString[]): TreeNode {
    const target = linkPath(entry.target, what);
    if (target.length === 0 || specialName(target, what) !== undefined)
      throw refused(what, entry.name, "it is a hard link to no file");
    const found = findIn(root, target, (kind) => refused(what, entry.name, `its target leads through a ${kind}`));
    if (found?.kind === "directory") throw refused(what, entry.name, "it is a hard link to a directory");
    if (found !== undefined) return found;
    if (pathOf(target) === pathOf(parts)) throw refused(what, entry.name, "it is a hard link to itself");
    const link: HardlinkNode = { kind: "hardlink", target: pathOf(target) };
    outside.push(link);
    return link;
  }

  return {
    place,
    finish() {
      for (const { target } of outside) {
        const found = findIn(root, linkPath(target, what), () => refused(what, target, "a hard link leads through it"));
        if (found !== undefined) throw refused(what, target, "it comes after a hard link to it");
      }
      return canonicalTree(root);
    },
  };
}

/** The node at a path; undefined when it is not in the tree. */
function findIn(
  root: DirectoryNode,
  parts: readonly ByteString[],
  notDirectory: (kind: string) => Error,
): TreeNode | undefined {
  let node: TreeNode | undefined = root;
  for (const part of parts) {
    if (node === undefined) return undefined;
    if (node.kind !== "directory") throw notDirectory(node.kind);
    node = node.children.get(part);
  }
  return node;
}

function metaOf({ name, mode, uid, gid, mtime, mtimeNsec, xattrs }: TarEntry, what: string): InodeMeta {
  for (const id of [uid, gid])
    if (id < 0 || id > MAX_ID) throw refused(what, name, `its owner ${uid}:${gid} is none the kernel takes`);
  return { mode, uid, gid, mtime, mtimeNsec, xattrs: xattrs.filter((xattr) => isKept(xattr)) };
}

/**
 * An xattr that means the same on every host. SELinux labels come from the policy of the host, and overlayfs would take
 * its own ones for orders.
 */
function isKept({ name }: Xattr): boolean {
  if (name.startsWith("user.")) return !name.startsWith("user.overlay.");
  return ["security.capability", "security.ima"].includes(name) || name.startsWith("system.posix_acl_");
}

function fileNode(meta: InodeMeta, size: number): FileNode {
  return { kind: "file", ...meta, size, checksum: EMPTY_CHECKSUM, verity: EMPTY_VERITY };
}

function whiteout(): FileNode {
  return fileNode({ ...BARE, mode: 0o644 }, 0);
}

function impliedDirectory(): DirectoryNode {
  return { kind: "directory", ...BARE, xattrs: [IMPLIED], children: new Map() };
}
