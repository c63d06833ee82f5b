/** Pulling by a delta: it is downloaded to `incoming/`, where it outlives an interruption, and its objects are made there. */
import { join } from "node:path";
import { AtomicError, type ErrorCode, isAtomicError } from "../../errors.ts";
import { AT_FDCWD, statIfExists } from "../../linux/index.ts";
import { noProgress, type Progress } from "../../progress.ts";
import { withDeltaFile } from "../delta/delta-file.ts";
import { listDeltaObjects } from "../delta/delta-objects.ts";
import { makeObjects, type Workbench } from "../delta/make-objects.ts";
import { measureFile, objectFile, objectSize } from "../object-store.ts";
import type { Repo } from "../repo.ts";
import { keyOf } from "./published-ref.ts";
import type { PullContext, PullPlan } from "./pull-plan.ts";
import { deltaName } from "./served-files.ts";
import type { PublishedDelta } from "./summary.ts";

export interface ChosenDelta extends PublishedDelta {
  /** Bytes of it still to be transferred. */
  download: number;
}

/** What may be wrong with a delta that leaves the packs to pull from. */
const USELESS: readonly ErrorCode[] = ["not-found", "permission", "invalid", "corrupt"];
const MODE = 0o600;

/** The delta that costs least, and less than the plan if that alone would do; it starts from a commit that is complete here. */
export function chooseDelta(repo: Repo, deltas: readonly PublishedDelta[], plan: PullPlan): ChosenDelta | undefined {
  return deltas
    .filter(({ from, to }) => to === plan.commit && objectSize(repo, from, "commit") !== undefined)
    .map((delta) => ({ ...delta, download: delta.size - Math.min(arrivedOf(repo, delta), delta.size) }))
    .filter(({ download }) => download < plan.download || plan.absent !== undefined)
    .sort((a, b) => a.download - b.download)
    .find(({ from }) => isComplete(repo, from));
}

/**
 * Makes the files of a plan by a delta, each checked against its name.
 * @returns why it was no use, for people; undefined when it was
 * @throws AtomicError network, no-space: what would stop any other way to pull as well
 */
export async function useDelta(
  context: PullContext,
  plan: PullPlan,
  { delta, progress = noProgress }: { delta: ChosenDelta; progress?: Progress | undefined },
): Promise<string | undefined> {
  const { repo } = context;
  const path = deltaFile(repo, delta);
  try {
    await fetchDelta(context, delta, progress);
    withDeltaFile(path, (file) => {
      const { from, to, bytes } = file.head;
      if (from !== delta.from || to !== delta.to) {
        throw new AtomicError("invalid", `reading the delta from ${delta.from}: it leads from ${from} to ${to}`);
      }
      const task = progress.start("applying delta", { total: bytes, unit: "bytes" });
      makeObjects(repo, file, incomingBench(context, plan), task);
      task.finish();
    });
  } catch (error) {
    if (!isAtomicError(error) || !USELESS.includes(error.code)) throw error;
    repo.disk.removeTree(path);
    return error.message;
  }
  repo.disk.removeTree(path);
  return undefined;
}

/** Keeps what the plan lacks; whatever else the delta makes fills no disk. */
function incomingBench({ repo, incoming }: PullContext, { files }: PullPlan): Workbench {
  const wanted = new Map(files.map((file) => [keyOf(file), file.size]));
  return {
    path({ checksum, type }) {
      const isHere = incoming.arrived.has(keyOf({ checksum, type }));
      return isHere ? incoming.path(checksum, type) : objectFile(repo, checksum, type);
    },
    add({ checksum, type, size }, pieces) {
      const expected = wanted.get(keyOf({ checksum, type }));
      if (expected === undefined) {
        for (const _ of pieces); // what follows lies behind it
      } else if (expected !== size) {
        throw new AtomicError("invalid", `applying a delta: expected ${expected} bytes of ${checksum}, found ${size}`);
      } else incoming.add(checksum, type, pieces);
    },
  };
}

/** @throws AtomicError network, not-found, corrupt when the file is not the one that the summary names */
async function fetchDelta(context: PullContext, delta: ChosenDelta, progress: Progress): Promise<void> {
  const { repo, source, arrived } = context;
  const path = deltaFile(repo, delta);
  const had = delta.size - delta.download;
  const task = progress.start("pulling delta", { total: delta.download, unit: "bytes" });
  const out = had > 0 ? repo.disk.append(path, had) : createAnew(repo, path);
  try {
    const range = { offset: had, length: delta.download };
    const chunks = range.length === 0 ? [] : source.stream(deltaName(delta), range);
    for await (const chunk of chunks) {
      out.write(chunk);
      arrived(chunk.length);
      task.advance(chunk.length);
    }
  } finally {
    out.close();
  }
  task.finish();
  const { checksum } = measureFile(path);
  if (checksum === delta.checksum) return;
  // A power cut may have taken bytes of what was here before.
  if (had > 0) return fetchDelta(context, { ...delta, download: delta.size }, progress);
  throw new AtomicError(
    "corrupt",
    `pulling the delta from ${delta.from}: expected ${delta.checksum}, found ${checksum}`,
  );
}

function createAnew({ disk }: Repo, path: string): ReturnType<Repo["disk"]["create"]> {
  disk.removeTree(path);
  return disk.create(path, MODE);
}

function deltaFile(repo: Repo, { checksum }: PublishedDelta): string {
  return join(repo.path, "incoming", `${checksum}.delta`);
}

function arrivedOf(repo: Repo, delta: PublishedDelta): number {
  return statIfExists(AT_FDCWD, deltaFile(repo, delta))?.size ?? 0;
}

function isComplete(repo: Repo, commit: ChosenDelta["from"]): boolean {
  try {
    listDeltaObjects(repo, commit);
    return true;
  } catch (error) {
    if (isAtomicError(error)) return false;
    throw error;
  }
}
