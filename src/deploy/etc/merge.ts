/** Writing the `/etc` of a new deployment: a copy of its pristine one, with what the operator changed merged in. */
import type { Checksum } from "../../digest.ts";
import { checkout, type DirectoryNode, readObject, type Repo } from "../../ostree/index.ts";
import { applyEtcActions } from "./apply.ts";
import { classifyEtc, type EtcMerge, type Finding } from "./classify.ts";
import { MAX_TEXT, mergeText } from "./merge-text.ts";
import type { EtcFile } from "./tree.ts";
import { lazyTree } from "../lazy-tree.ts";
import { type LiveEtc, readEtcFile } from "./live.ts";
import { pristineDirectory, pristineEtc } from "./pristine.ts";
import type { Sysroot } from "../sysroot.ts";

export interface EtcSource {
  /** The commit the live `/etc` started from. */
  commit: Checksum;
  live: LiveEtc;
}

export interface EtcRequest {
  /** The whole tree of the new deployment. */
  tree: DirectoryNode;
  /** Made by this call; its parent exists. */
  destination: string;
  /** What to merge in; without it the result is pristine. */
  source?: EtcSource;
}

/**
 * Writes `/etc`. Nothing is synced.
 * @returns what became of each path
 * @throws AtomicError not-found, corrupt, invalid, no-space
 */
export function writeEtc(sysroot: Sysroot, { tree, destination, source }: EtcRequest): Finding[] {
  const { disk, repo } = sysroot;
  checkout(repo, { node: pristineDirectory(tree), root: tree, destination });
  if (source === undefined) return [];
  const { findings, actions } = planEtcMerge(sysroot, { tree, repo, source });
  applyEtcActions({ disk, directory: destination, live: source.live }, actions);
  return findings;
}

export interface EtcPreview {
  /** The whole tree of the new deployment, and the store its files are in. */
  tree: DirectoryNode;
  repo: Repo;
  source: EtcSource;
}

/** What merging would do, without doing it. @throws AtomicError not-found, corrupt, invalid */
export function planEtcMerge(sysroot: Sysroot, { tree, repo, source }: EtcPreview): EtcMerge {
  const base = pristineEtc(lazyTree(sysroot.repo, source.commit));
  return classifyEtc(base, source.live.root, pristineEtc(tree), (path, o, l, n) => {
    if ([o, l, n].some(({ size }) => size > MAX_TEXT)) return undefined;
    const ours = readEtcFile(source.live, path, MAX_TEXT);
    return mergeText(contentOf(sysroot.repo, o), ours, contentOf(repo, n));
  });
}

function contentOf(repo: Repo, { checksum, size }: EtcFile): Buffer {
  return size === 0 ? Buffer.alloc(0) : readObject(repo, checksum, "file", MAX_TEXT);
}
