/** Bringing a published store to where it is served from: what is missing there, and the summary last. */
import { dirname, join } from "node:path";
import { AtomicError } from "../../errors.ts";
import {
  AT_FDCWD,
  isKernelError,
  namesIn,
  O_NOFOLLOW,
  O_RDONLY,
  open,
  readFile,
  statIfExists,
  withFd,
} from "../../linux/index.ts";
import { noProgress, type Progress } from "../../progress.ts";
import { withFileLock } from "../lock.ts";
import { measureFile } from "../object-store.ts";
import type { Repo } from "../repo.ts";
import { deltaName } from "./served-files.ts";
import { MAX_SUMMARY, parseSummary, type Summary } from "./summary.ts";

export interface PushResult {
  /** Files copied, and their bytes; the summary is not counted. */
  files: number;
  bytes: number;
}
/** A file that a summary names. */
interface Named {
  path: string;
  size: number;
  /** Of the bytes, for those whose name says nothing of them. */
  checksum?: string;
}

const MODE = 0o644;

/**
 * Copies what a store publishes to the directory `target`, of which readers see the old summary or the new one, never one
 * that names what is not there yet. What neither needs is removed.
 * @throws AtomicError not-found (not published), conflict (the target's summary is newer), no-space, locked
 */
export async function push(
  repo: Repo,
  target: string,
  { progress = noProgress }: { progress?: Progress } = {},
): Promise<PushResult> {
  const { disk } = repo;
  const { bytes, summary } = readPublished(repo.path);
  for (const name of ["", "packs", "deltas"]) disk.ensureDirectory(join(target, name), 0o755);
  return withFileLock(join(target, "lock"), () => {
    const before = tryReadPublished(target)?.summary;
    checkNotOlder(target, summary, before);
    const named = namedFiles(summary);
    const missing = named.filter((file) => !isThere(target, file));
    const total = missing.reduce((sum, { size }) => sum + size, 0);
    const task = progress.start("pushing", { total, unit: "bytes" });
    for (const { path, size } of missing) {
      copyFile(repo, join(repo.path, path), join(target, path));
      task.advance(size);
    }
    task.finish();
    for (const name of ["packs", "deltas"]) disk.fsyncDirectory(join(target, name));
    disk.replaceFile(join(target, "summary"), bytes, MODE);
    const kept = new Set([...named, ...(before === undefined ? [] : namedFiles(before))].map(({ path }) => path));
    for (const directory of ["packs", "deltas"])
      for (const name of namesIn(join(target, directory)))
        if (!kept.has(`${directory}/${name}`)) disk.unlink(join(target, directory, name));
    return { files: missing.length, bytes: total };
  });
}

/** What `directory` publishes. @throws AtomicError not-found, invalid */
export function readPublished(directory: string): { bytes: Buffer; summary: Summary } {
  const found = tryReadPublished(directory);
  if (found !== undefined) return found;
  throw new AtomicError("not-found", `reading ${directory}: it has no summary`, {
    hint: `atomic repo summary --repo ${directory}`,
  });
}

function tryReadPublished(directory: string): { bytes: Buffer; summary: Summary } | undefined {
  try {
    const bytes = readFile(join(directory, "summary"), MAX_SUMMARY);
    return { bytes, summary: parseSummary(bytes).summary };
  } catch (error) {
    if (isKernelError(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** The files that a summary names: a pack before its index, which leads to it. */
export function namedFiles({ packs, deltas }: Summary): Named[] {
  return [
    ...packs.flatMap(({ name, index, pack }) => [
      { path: `packs/${name}.pack`, size: pack },
      { path: `packs/${name}.index`, size: index },
    ]),
    ...deltas.map((delta) => ({ path: deltaName(delta), size: delta.size, checksum: delta.checksum })),
  ];
}

/** @throws AtomicError conflict when `target` shows something newer */
export function checkNotOlder(target: string, summary: Summary, before: Summary | undefined): void {
  if (before === undefined || before.timestamp <= summary.timestamp) return;
  const time = ({ timestamp }: Summary): string => new Date(timestamp * 1000).toISOString();
  throw new AtomicError(
    "conflict",
    `pushing to ${target}: expected a summary of ${time(summary)} or earlier there, found ${time(before)}`,
    { hint: "atomic repo summary" },
  );
}

/** A file gets its name when it is whole, and a pack's name is made of its bytes. */
function isThere(target: string, { path, size, checksum }: Named): boolean {
  const file = join(target, path);
  const found = statIfExists(AT_FDCWD, file)?.size === size;
  return found && (checksum === undefined || measureFile(file).checksum === checksum);
}

function copyFile({ disk }: Repo, from: string, to: string): void {
  const unfinished = join(dirname(to), ".new");
  disk.removeTree(unfinished);
  withFd(open(from, O_RDONLY | O_NOFOLLOW), (fd) => disk.copy(fd, unfinished, MODE));
  disk.fsync(unfinished);
  disk.rename(unfinished, to);
}
