/** A commit of ours as one of OSTree: files, then dirtrees and dirmetas from the leaves up, then the commit. */
import { isUtf8 } from "node:buffer";
import { type ByteString, toBytes, toText } from "../../bytes.ts";
import type { Checksum } from "../../digest.ts";
import { AtomicError } from "../../errors.ts";
import { noProgress, type Progress } from "../../progress.ts";
import type { Commit } from "../commit-object.ts";
import { followHardlink, loadTree } from "../load-tree.ts";
import { readCommit } from "../object-store.ts";
import type { Repo } from "../repo.ts";
import type { DirectoryNode, InodeMeta, RegularNode, SymlinkNode, TreeNode } from "../tree.ts";
import { encodeOstreeCommit, parseOstreeCommit } from "./commit.ts";
import { encodeDirmeta } from "./dirmeta.ts";
import { encodeOstreeDirtree, type OstreeDirtree } from "./dirtree.ts";
import { exportFiles } from "./export-files.ts";
import type { ExportTarget } from "./export-target.ts";
import { originalCommit } from "./kept-commit.ts";
import { pairOf, TEXT, TEXTS } from "./metadata-value.ts";
import { type Sha256, sha256Of } from "./sha256.ts";

type File = RegularNode | SymlinkNode;

/**
 * Writes what `target` lacks of a commit. One that came from OSTree keeps its checksum; any other gets the same one each
 * time, made of its tree, time, subject, version, metadata and `ref`. Times of files are lost, parents are left out.
 * @param options.ref the ref it is made for
 * @throws AtomicError unsupported naming a path that OSTree cannot hold, corrupt, not-found, no-space
 */
export async function exportCommit(
  repo: Repo,
  target: ExportTarget,
  options: { commit: Checksum; ref?: string; progress?: Progress },
): Promise<Sha256> {
  const { ref, progress = noProgress } = options;
  const commit = readCommit(repo, options.commit);
  const root = loadTree(repo, options.commit);
  const files = filesOf(root);
  const task = progress.start("exporting files", { total: files.size, unit: "items" });
  const names = await exportFiles(repo, target, { nodes: new Set(files.values()), task });
  task.finish();
  const put = (type: "commit" | "dirtree" | "dirmeta", bytes: Buffer): Sha256 => {
    const name = sha256Of(bytes);
    if (!target.has(name, type)) target.add(name, type, bytes);
    return name;
  };
  const putMeta = (meta: InodeMeta): Sha256 => put("dirmeta", encodeDirmeta(meta));
  const putTree = (directory: DirectoryNode): Sha256 => {
    const dirtree: OstreeDirtree = { files: new Map(), directories: new Map() };
    for (const [name, node] of directory.children) {
      if (node.kind === "directory") dirtree.directories.set(name, { tree: putTree(node), meta: putMeta(node) });
      else dirtree.files.set(name, names.get(files.get(node)!)!);
    }
    return put("dirtree", encodeOstreeDirtree(dirtree));
  };
  const made = { tree: putTree(root), meta: putMeta(root) };
  return put("commit", originalOf(commit, made) ?? newCommit(commit, made, ref));
}

interface Root {
  tree: Sha256;
  meta: Sha256;
}

/** The original bytes of a commit that came from OSTree. @throws AtomicError corrupt when they are of another tree */
function originalOf({ metadata }: Commit, { tree, meta }: Root): Buffer | undefined {
  const bytes = originalCommit(metadata);
  if (bytes === undefined) return undefined;
  const original = parseOstreeCommit(bytes);
  if (original.tree === tree && original.meta === meta) return bytes;
  throw new AtomicError(
    "corrupt",
    `exporting a commit of OSTree: expected its dirtree ${original.tree}, found ${tree}`,
  );
}

function newCommit({ timestamp, subject, version, metadata }: Commit, root: Root, ref: string | undefined): Buffer {
  const texts = Object.entries(metadata).flatMap(([key, value]) => pairOf(key, value, TEXT));
  return encodeOstreeCommit({
    ...root,
    metadata: new Map([
      ...texts,
      ...pairOf("ostree.ref-binding", ref === undefined ? [] : [ref], TEXTS),
      ...pairOf("version", version, TEXT),
    ]),
    subject,
    body: "",
    timestamp,
  });
}

/** What each name that is no directory leads to. @throws AtomicError unsupported naming a path OSTree cannot hold */
function filesOf(root: DirectoryNode): Map<TreeNode, File> {
  const files = new Map<TreeNode, File>();
  const visit = (directory: DirectoryNode, path: string): void => {
    for (const [name, node] of directory.children) {
      const at = `${path}/${name}` as ByteString;
      if (!isUtf8(toBytes(name))) throw refuse(at, "its name is not UTF-8");
      if (node.kind === "directory") {
        visit(node, at);
        continue;
      }
      const inode = node.kind === "hardlink" ? followHardlink(root, node.target) : node;
      if (inode.kind !== "file" && inode.kind !== "symlink") throw refuse(at, `it is a ${inode.kind}`);
      if (inode.kind === "symlink" && !isUtf8(toBytes(inode.target))) throw refuse(at, "its target is not UTF-8");
      files.set(node, inode);
    }
  };
  visit(root, "");
  return files;
}

function refuse(path: ByteString, why: string): AtomicError {
  return new AtomicError("unsupported", `exporting ${toText(path)}: OSTree cannot hold it: ${why}`);
}
