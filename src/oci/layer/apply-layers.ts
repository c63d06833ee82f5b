/**
 * Laying layers on each other: whiteouts hide what lower layers have, everything else is added or replaces it.
 * Spec: https://github.com/opencontainers/image-spec/blob/main/layer.md
 */
import { type ByteString, toText } from "../../bytes.ts";
import { AtomicError } from "../../errors.ts";
import { type DirectoryNode, type InodeMeta, type InodeNode, type TreeNode } from "../../ostree/index.ts";
import { canonicalTree } from "./canonical-tree.ts";
import { OPAQUE, WHITEOUT } from "./entry-path.ts";
import { IMPLIED } from "./layer-tree.ts";

/**
 * The tree that the layers make together, in canonical form. The layers are changed.
 * @param layers from the lowest to the highest, as `createLayerTree` makes them
 * @param what the image, for messages
 * @throws AtomicError invalid when a layer names through a file or symlink of a lower one, or links to nothing
 */
export function applyLayers(layers: readonly DirectoryNode[], what: string): DirectoryNode {
  const root: DirectoryNode = { kind: "directory", ...UNKNOWN, children: new Map() };
  layers.forEach((layer, i) => {
    const name = `layer ${i + 1} of ${what}`;
    const resolve = (node: TreeNode): InodeNode => (node.kind === "hardlink" ? target(node.target, name) : node);
    const target = (path: ByteString, where: string): InodeNode => {
      const found = findNode(layer, path) ?? findNode(root, path);
      if (found !== undefined && found.kind !== "directory" && found.kind !== "hardlink") return found;
      throw new AtomicError(
        "invalid",
        `applying ${where}: a hard link to ${toText(path)}: expected a file, found ${found?.kind ?? "nothing"}`,
      );
    };
    // Before anything is hidden or replaced: a link means the file that was there when it was made.
    resolveLinks(layer, resolve);
    merge(root, layer, { path: "" as ByteString, what: name });
  });
  return canonicalTree(root);
}

/** What a directory has that no layer describes. */
const UNKNOWN: InodeMeta = { mode: 0o755, uid: 0, gid: 0, mtime: 0, mtimeNsec: 0, xattrs: [] };

/** Makes hard links the very nodes they name. */
function resolveLinks(directory: DirectoryNode, resolve: (node: TreeNode) => InodeNode): void {
  for (const [name, child] of directory.children) {
    if (child.kind === "directory") resolveLinks(child, resolve);
    else if (child.kind === "hardlink") directory.children.set(name, resolve(child));
  }
}

interface Place {
  path: ByteString;
  what: string;
}

function merge(lower: DirectoryNode, upper: DirectoryNode, { path, what }: Place): void {
  if (!isImplied(upper)) Object.assign(lower, metaOf(upper));
  if (upper.children.has(OPAQUE)) lower.children.clear();
  for (const name of upper.children.keys())
    if (name.startsWith(WHITEOUT)) lower.children.delete(name.slice(WHITEOUT.length) as ByteString);
  for (const [name, child] of upper.children) {
    if (name.startsWith(WHITEOUT)) continue;
    if (child.kind !== "directory") {
      lower.children.set(name, child);
      continue;
    }
    const place = { path: `${path}/${name}` as ByteString, what };
    const present = lower.children.get(name);
    if (present?.kind === "directory") {
      merge(present, child, place);
      continue;
    }
    // An archive that names only what is below may have meant to go through a link, or not: engines differ.
    if (present !== undefined && isImplied(child)) {
      throw new AtomicError(
        "invalid",
        `applying ${what}: refused what is below ${toText(place.path)}, a ${present.kind} in a lower layer`,
      );
    }
    const fresh: DirectoryNode = { kind: "directory", ...UNKNOWN, children: new Map() };
    lower.children.set(name, fresh);
    merge(fresh, child, place);
  }
}

function isImplied({ xattrs }: InodeMeta): boolean {
  return xattrs.some(({ name }) => name === IMPLIED.name);
}

function metaOf({ mode, uid, gid, mtime, mtimeNsec, xattrs }: InodeMeta): InodeMeta {
  return { mode, uid, gid, mtime, mtimeNsec, xattrs };
}

/** The node at a path, hard links not followed: those of the layers so far are nodes already. */
function findNode(root: DirectoryNode, path: ByteString): TreeNode | undefined {
  let node: TreeNode | undefined = root;
  for (const name of path.slice(1).split("/")) {
    node = node?.kind === "directory" ? node.children.get(name as ByteString) : undefined;
  }
  return node;
}
