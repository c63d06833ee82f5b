/** Writing a bundle: a commit for hosts that reach no server. */
import { dirname, join } from "node:path";
import type { Checksum } from "../../digest.ts";
import { isAtomicError } from "../../errors.ts";
import { AT_FDCWD, readFile, statIfExists } from "../../linux/index.ts";
import { noProgress, type Progress } from "../../progress.ts";
import { deltaPath, withDeltaFile } from "../delta/delta-file.ts";
import { generateDelta } from "../delta/generate-delta.ts";
import type { Repo } from "../repo.ts";
import { type BundleOptions, writeBundleFile } from "./bundle-content.ts";
import { neededObjects } from "./published-ref.ts";

export interface BundleResult {
  /** Bytes of the file. */
  size: number;
  /** Objects that hosts get of it, and their bytes. */
  objects: number;
  bytes: number;
  /** Files are in it as a delta. */
  delta: boolean;
}

/**
 * Writes a bundle to `file`, durably, replacing what is there. It is as old as the store's published summary, so that hosts
 * may go from one to the other and back; where there is none, it is of now. With `from`, files are in it as a delta where
 * that is smaller: one that the store has, or a new one.
 * @throws AtomicError not-found, corrupt, no-space
 */
export async function writeBundle(repo: Repo, file: string, options: BundleOptions): Promise<BundleResult> {
  const { commit, from, progress = noProgress } = options;
  const known = from === undefined ? new Map() : neededObjects(repo, from);
  const wanted = [...neededObjects(repo, commit)].filter(([key]) => !known.has(key)).map(([, object]) => object);
  const bytes = wanted.reduce((sum, object) => sum + object.size, 0);
  const unfinished = join(dirname(file), `.${commit}.new`);
  const smaller = `${unfinished}.delta`;
  try {
    let size = await writeBundleFile(repo, unfinished, { ...options, wanted });
    let delta = false;
    if (from !== undefined && wanted.some(({ type }) => type === "file")) {
      const content = await deltaContent(repo, { from, to: commit, progress });
      const trees = wanted.filter(({ type }) => type !== "file");
      const byDelta = await writeBundleFile(repo, smaller, { ...options, wanted: trees, delta: { from, content } });
      if (byDelta < size) {
        repo.disk.rename(smaller, unfinished);
        [size, delta] = [byDelta, true];
      }
    }
    repo.disk.rename(unfinished, file);
    repo.disk.fsyncDirectory(dirname(file));
    return { size, objects: wanted.length, bytes, delta };
  } finally {
    for (const path of [unfinished, smaller]) repo.disk.removeTree(path);
  }
}

/** The bytes of a delta file, in pieces. */
async function deltaContent(
  repo: Repo,
  { from, to, progress }: { from: Checksum; to: Checksum; progress: Progress },
): Promise<Uint8Array[]> {
  const path = deltaPath(repo, from, to);
  const stored = statIfExists(AT_FDCWD, path);
  if (stored === undefined || !isReadable(path)) return (await generateDelta(repo, { from, to, progress })).content;
  return [readFile(path, stored.size)];
}

/** False for a delta of another format, or a damaged one. */
function isReadable(path: string): boolean {
  try {
    return withDeltaFile(path, () => true);
  } catch (error) {
    if (isAtomicError(error, "invalid") || isAtomicError(error, "corrupt")) return false;
    throw error;
  }
}
