/**
 * Images as plain files, for who cannot mount metadata: checked out once for all containers of an image, below
 * `.trees/` beside the containers, until they are pruned. docs/formats.md, "Containers of a user".
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Checksum } from "../../digest.ts";
import { AtomicError } from "../../errors.ts";
import { checkout, type DirectoryNode, type InodeNode, loadTree, type TreeNode } from "../../ostree/index.ts";
import { type IdMaps, outsideId } from "../ids/id-maps.ts";
import { withImageLock } from "./image-mount.ts";
import { namesIn, type Engine } from "./place.ts";
import { temporaryDirectory } from "./record.ts";

/** Where useradd begins to give ranges. */
const FIRST_RANGE = 100_000;

/**
 * The directory with an image's files, owned as a container with these maps needs them.
 * @param maps of the container's user namespace; the user's own without
 * @throws AtomicError unsupported for owners that the user does not have; no-space, not-found
 */
export function plainImage(engine: Engine, commit: Checksum, maps?: IdMaps): string {
  const own = engine.userIds!;
  const path = join(treeDirectory(engine), maps === undefined ? commit : `${commit}-${digestOf(maps)}`);
  return withImageLock(engine, () => {
    if (existsSync(path)) return path;
    const { disk } = engine.repo;
    const tree = forUser(loadTree(engine.repo, commit), (what, id, kind) => {
      const given = maps === undefined ? id : outsideId(maps[kind], id);
      if (given !== undefined && outsideId(own[kind], given) !== undefined) return given;
      throw noOwner(what, id, kind, own);
    });
    disk.ensureDirectory(engine.data, 0o700);
    disk.ensureDirectory(treeDirectory(engine), 0o700);
    const temporary = temporaryDirectory(engine, commit);
    checkout(engine.repo, { node: tree, root: tree, destination: temporary });
    disk.barrier(engine.data);
    disk.rename(temporary, path);
    return path;
  });
}

/** Removes the files of images that have no name any more and no container. @param needed commits to keep */
export function prunePlainImages(engine: Engine, needed: ReadonlySet<string>): void {
  for (const name of namesIn(treeDirectory(engine))) {
    const [commit = ""] = name.split("-");
    if (!needed.has(commit)) engine.repo.disk.removeTree(join(treeDirectory(engine), name));
  }
}

function treeDirectory({ data }: Engine): string {
  return join(data, ".trees");
}

function digestOf(maps: IdMaps): string {
  return createHash("sha256")
    .update(JSON.stringify([maps.uid, maps.gid]))
    .digest("hex")
    .slice(0, 16);
}

type GiveId = (what: { path: string; node: InodeNode }, id: number, kind: "uid" | "gid") => number;

/** A tree that a user can write: with owners the user has, without what only the host's root may set. */
function forUser(tree: DirectoryNode, give: GiveId): DirectoryNode {
  const convert = (node: TreeNode, path: string): TreeNode => {
    if (node.kind === "hardlink") return node;
    const own = owned(node, path, give);
    if (own.kind !== "directory") return own;
    const children = [...own.children].map(([name, child]) => [name, convert(child, `${path}/${name}`)] as const);
    return { ...own, children: new Map(children) };
  };
  return convert(tree, "") as DirectoryNode;
}

function owned<Node extends InodeNode>(node: Node, path: string, give: GiveId): Node {
  const what = { path: path === "" ? "/" : path, node };
  const xattrs = node.xattrs.filter(({ name }) => mayBeSet(name));
  return { ...node, uid: give(what, node.uid, "uid"), gid: give(what, node.gid, "gid"), xattrs };
}

/** Of overlayfs's own attributes none is an image's business. */
function mayBeSet(name: string): boolean {
  if (name.startsWith("trusted.") || name.startsWith("user.overlay.")) return false;
  return !name.startsWith("security.") || name === "security.capability";
}

function noOwner(
  { path, node }: { path: string; node: InodeNode },
  id: number,
  kind: "uid" | "gid",
  own: IdMaps,
): AtomicError {
  const last = Math.max(...own[kind].map(({ containerID, size }) => containerID + size - 1));
  const user = process.env["USER"] ?? process.env["LOGNAME"] ?? "YOU";
  const message = `unpacking the image: ${path} belongs to ${node.uid}:${node.gid}, and your containers have IDs up to ${last}`;
  return new AtomicError("unsupported", message, {
    hint: `echo ${user}:${nextFree(`/etc/sub${kind}`)}:${Math.max(id - last, 65_536)} | sudo tee -a /etc/subuid /etc/subgid`,
  });
}

/** The first ID after all ranges of a file. */
function nextFree(path: string): number {
  const text = existsSync(path) ? readFileSync(path, "utf8") : "";
  const ends = text.split("\n").map((line) => {
    const [, first = 0, count = 0] = line.split(":").map(Number);
    return first + count;
  });
  return Math.max(FIRST_RANGE, ...ends.filter((end) => Number.isSafeInteger(end)));
}
