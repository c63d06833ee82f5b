/** Committing a directory: scan → store content → store dirtrees → render the image → commit object → ref. */
import { type Checksum } from "../digest.ts";
import { AtomicError } from "../errors.ts";
import { close, fstat, isKernelError, O_DIRECTORY, O_RDONLY, open } from "../linux/index.ts";
import { noProgress, type Progress } from "../progress.ts";
import { type Commit, encodeCommit } from "./commit-object.ts";
import { renderImage } from "./image/index.ts";
import { keepImage } from "./image-cache.ts";
import { sameMeta } from "./diff.ts";
import { ingestFiles } from "./ingest-files.ts";
import { withRepoLock } from "./lock.ts";
import { readCommit } from "./object-store.ts";
import { readRef, type RefName, writeRef } from "./ref.ts";
import type { Repo } from "./repo.ts";
import { type FoundFile, scanDirectory } from "./scan.ts";
import { bareMeta, stageDirtrees } from "./stage-tree.ts";
import { openStatCache, type StatCache } from "./stat-cache.ts";
import { hasObject, stageBytes, transact, type Transaction } from "./transaction.ts";

export interface CommitOptions {
  /** The directory to commit. */
  tree: string;
  /** Moved to the new commit; its present commit becomes the parent. */
  ref?: RefName;
  /** Overrides the ref's commit as parent. */
  parent?: Checksum;
  version?: string;
  subject?: string;
  /** Seconds since the epoch; now if left out. */
  timestamp?: number;
  metadata?: Record<string, string>;
  progress?: Progress;
}
export interface CommitResult {
  commit: Checksum;
  /** False when the tree is the parent's. */
  changed: boolean;
  files: number;
  bytes: number;
  /** Objects the store did not have, and their bytes. */
  newObjects: number;
  newBytes: number;
}

/**
 * Commits a directory with everything the kernel keeps of it, and moves `ref` there.
 * @throws AtomicError not-found (no such directory), conflict (a file changed meanwhile), locked, no-space
 */
export async function commitTree(repo: Repo, options: CommitOptions): Promise<CommitResult> {
  const rootFd = openTree(options.tree);
  try {
    return await withRepoLock(repo, () => commitOpenTree(repo, rootFd, options));
  } finally {
    close(rootFd);
  }
}

function commitOpenTree(repo: Repo, rootFd: number, options: CommitOptions): CommitResult {
  const parent = options.parent ?? (options.ref === undefined ? undefined : readRef(repo, options.ref));
  const result = transact(repo, (transaction) =>
    stageCommit(transaction, rootFd, { ...options, ...(parent === undefined ? {} : { parent }) }),
  );
  if (options.ref !== undefined) writeRef(repo, options.ref, result.commit);
  return result;
}

function stageCommit(transaction: Transaction, rootFd: number, options: CommitOptions): CommitResult {
  const { repo } = transaction;
  const { progress = noProgress, timestamp = Math.floor(Date.now() / 1000), parent, version } = options;
  const scan = scanDirectory(rootFd);
  storeContent(transaction, rootFd, scan.files, openStatCache(repo, fstat(rootFd)), progress);
  const tree = stageDirtrees(transaction, scan.root);
  const before = parent === undefined ? undefined : readCommit(repo, parent);
  const sameTree = before?.tree === tree && sameMeta(before.root, scan.root);
  const commit: Commit = {
    tree,
    root: bareMeta(scan.root),
    ...(parent === undefined ? {} : { parent }),
    timestamp,
    subject: options.subject ?? "",
    ...(version === undefined ? {} : { version }),
    metadata: options.metadata ?? {},
    image: sameTree ? before.image : keepImage(repo, renderImage(scan.root)),
    files: scan.files.length,
    bytes: scan.files.reduce((sum, { stat }) => sum + stat.size, 0),
  };
  const checksum = stageBytes(transaction, encodeCommit(commit), "commit");
  const sizes = [...transaction.staged.values()].map(({ size }) => size);
  return {
    commit: checksum,
    changed: !sameTree,
    files: commit.files,
    bytes: commit.bytes,
    newObjects: sizes.length,
    newBytes: sizes.reduce((sum, size) => sum + size, 0),
  };
}

function openTree(path: string): number {
  try {
    return open(path, O_RDONLY | O_DIRECTORY);
  } catch (error) {
    if (!isKernelError(error, "ENOENT") && !isKernelError(error, "ENOTDIR")) throw error;
    throw new AtomicError("not-found", `committing ${path}: not a directory`, { cause: error, hint: `ls -ld ${path}` });
  }
}

function storeContent(
  transaction: Transaction,
  rootFd: number,
  files: readonly FoundFile[],
  cache: StatCache,
  progress: Progress,
): void {
  const unknown: FoundFile[] = [];
  for (const file of files) {
    const known = cache.get(file.stat);
    if (known !== undefined && hasObject(transaction, known.checksum, "file", file.stat.size))
      Object.assign(file.node, known);
    else unknown.push(file);
  }
  const total = unknown.reduce((sum, { stat }) => sum + stat.size, 0);
  const task = progress.start("storing files", { total, unit: "bytes" });
  ingestFiles(transaction, rootFd, unknown, task);
  task.finish();
  if (unknown.length > 0) cache.save(files.map(({ stat, node }) => ({ stat, digests: node })));
}
