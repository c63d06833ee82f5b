/** What differs between two trees; equal subtrees are skipped by their checksum. */
import { type ByteString, compareBytes } from "../bytes.ts";
import type { Checksum } from "../digest.ts";
import type { DirtreeEntry } from "./dirtree.ts";
import { readCommit, readDirtree } from "./object-store.ts";
import type { Repo } from "./repo.ts";
import type { InodeMeta } from "./tree.ts";

export interface Change {
  /** Absolute path in the tree. */
  path: ByteString;
  /** `metadata`: same content, other mode, owner, time or xattrs. */
  kind: "added" | "removed" | "modified" | "metadata";
  before?: DirtreeEntry;
  after?: DirtreeEntry;
}

/**
 * The changes that lead from commit `a` to commit `b`, in depth-first path order. Below an added or removed directory
 * every entry is listed.
 * @throws AtomicError not-found, corrupt, invalid
 */
export function diffCommits(repo: Repo, a: Checksum, b: Checksum): Change[] {
  const before = readCommit(repo, a);
  const after = readCommit(repo, b);
  const changes: Change[] = [];
  if (!sameMeta(before.root, after.root)) {
    const root = (commit: typeof before): DirtreeEntry => ({ kind: "directory", ...commit.root, tree: commit.tree });
    changes.push({ path: "/" as ByteString, kind: "metadata", before: root(before), after: root(after) });
  }
  diffTrees(repo, { before: before.tree, after: after.tree, path: "" as ByteString }, changes);
  return changes;
}

interface Pair {
  before?: Checksum;
  after?: Checksum;
  path: ByteString;
}

function diffTrees(repo: Repo, { before, after, path }: Pair, changes: Change[]): void {
  if (before === after) return;
  const left = before === undefined ? EMPTY : readDirtree(repo, before);
  const right = after === undefined ? EMPTY : readDirtree(repo, after);
  for (const name of [...new Set([...left.keys(), ...right.keys()])].sort(compareBytes)) {
    const child = `${path}/${name}` as ByteString;
    const [old, now] = [left.get(name), right.get(name)];
    changes.push(...compare(child, old, now));
    const subtrees = { ...subtree("before", old), ...subtree("after", now) };
    diffTrees(repo, { ...subtrees, path: child }, changes);
  }
}

const EMPTY: ReadonlyMap<ByteString, DirtreeEntry> = new Map();

function subtree(side: "before" | "after", entry: DirtreeEntry | undefined): Partial<Pair> {
  return entry?.kind === "directory" ? { [side]: entry.tree } : {};
}

function compare(path: ByteString, before: DirtreeEntry | undefined, after: DirtreeEntry | undefined): Change[] {
  if (before === undefined && after === undefined) return [];
  if (before === undefined) return [{ path, kind: "added", after: after! }];
  if (after === undefined) return [{ path, kind: "removed", before }];
  if (!sameContent(before, after)) return [{ path, kind: "modified", before, after }];
  const equal = before.kind === "hardlink" || after.kind === "hardlink" || sameMeta(before, after);
  return equal ? [] : [{ path, kind: "metadata", before, after }];
}

/** True when both are of one kind and hold the same: bytes, target or device. Directories always do. */
function sameContent(a: DirtreeEntry, b: DirtreeEntry): boolean {
  if (a.kind !== b.kind) return false;
  if ("checksum" in a && "checksum" in b) return a.checksum === b.checksum;
  if ("target" in a && "target" in b) return a.target === b.target;
  if ("rdev" in a && "rdev" in b) return a.rdev === b.rdev;
  return true;
}

/** True when mode, owner, time and xattrs are equal. */
export function sameMeta(a: InodeMeta, b: InodeMeta): boolean {
  return (
    a.mode === b.mode &&
    a.uid === b.uid &&
    a.gid === b.gid &&
    a.mtime === b.mtime &&
    a.mtimeNsec === b.mtimeNsec &&
    a.xattrs.length === b.xattrs.length &&
    a.xattrs.every(({ name, value }, i) => name === b.xattrs[i]!.name && value === b.xattrs[i]!.value)
  );
}
