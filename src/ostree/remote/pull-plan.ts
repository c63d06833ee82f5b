/**
 * What a pull will take, known before any file is fetched: the commit and its dirtrees come first, and with them the
 * names and sizes of all files.
 */
import { join } from "node:path";
import type { Checksum } from "../../digest.ts";
import { AtomicError, isAtomicError } from "../../errors.ts";
import { readFile } from "../../linux/index.ts";
import { MAX_METADATA_BYTES } from "../cbor-reader.ts";
import type { ObjectType } from "../object-path.ts";
import { objectSize, readObject } from "../object-store.ts";
import { visitReachable } from "../reach.ts";
import type { Repo } from "../repo.ts";
import { restName } from "./frame-rest.ts";
import type { Incoming } from "./incoming.ts";
import { type PackFrame, type PackIndex, parsePackIndex } from "./pack-index.ts";
import { planJobs, type PullJob } from "./pull-jobs.ts";
import { runJob } from "./run-job.ts";
import type { Source } from "./published-source.ts";
import { keyOf } from "./published-ref.ts";
import type { PublishedPack } from "./summary.ts";

export interface PullPlan {
  commit: Checksum;
  jobs: { path: string; job: PullJob }[];
  /** Bytes still to be transferred. */
  download: number;
  /** The files to be stored. */
  files: Needed[];
  /** Everything that the commit needs, each once: what is in the store, what has arrived, and these files. */
  objects: Needed[];
  /** One of them that no pack has: only a delta can make it. */
  absent?: Checksum | undefined;
  /** The requests that bring only those of these files that are to be stored. */
  jobsOf(files: readonly Checksum[]): PullPlan["jobs"];
}

export interface PullContext {
  repo: Repo;
  source: Source;
  incoming: Incoming;
  /** Where to look for objects, in this order. */
  packs: readonly PublishedPack[];
  /** Called with bytes as they are transferred. */
  arrived(bytes: number): void;
  /** Looks at the commit's bytes before anything it names is believed. */
  check(commit: Buffer): void;
}

/** All dirtrees of a host have a few megabytes; this bounds what a hostile remote can fill the disk with unseen. */
const MAX_TREE_BYTES = 512 * 1024 * 1024;

/**
 * Fetches the commit and its dirtrees into `incoming/` and says what is left to fetch.
 * @throws AtomicError network, not-found (the remote lacks something), invalid, corrupt, and what `check` throws
 */
export async function planPull(context: PullContext, commit: Checksum): Promise<PullPlan> {
  const loaded: LoadedPack[] = [];
  const left = [...context.packs];
  let checked = false;
  for (;;) {
    if (!checked && isHere(context, { checksum: commit, type: "commit" })) {
      context.check(readObject(view(context), commit, "commit"));
      checked = true;
    }
    const { objects, trees, files } = neededObjects(context, commit);
    const known = (object: Needed): boolean => loaded.some(({ keys }) => keys.has(keyOf(object)));
    const unknown = [...trees, ...files].find((object) => !known(object));
    if (unknown !== undefined && left.length > 0) loaded.push(await loadPack(context, left.shift()!));
    else if (unknown !== undefined && unknown.type !== "file") throw lacking(commit, unknown);
    else if (trees.length === 0) {
      const jobsOf = (some: readonly Checksum[]): PullPlan["jobs"] =>
        fileJobs(
          context,
          loaded,
          files.filter(({ checksum }) => some.includes(checksum)),
        ).jobs;
      return { commit, ...fileJobs(context, loaded, files), files, objects, absent: unknown?.checksum, jobsOf };
    }
    for (const pack of loaded) {
      if (trees.some((object) => pack.keys.has(keyOf(object)))) await fetchTrees(context, pack);
    }
  }
}

/** The error for an object that nothing brings. */
export function lacking(commit: Checksum, { type, checksum }: Pick<Needed, "type" | "checksum">): AtomicError {
  return new AtomicError("not-found", `pulling ${commit}: the remote lacks ${type} ${checksum}`);
}

/** An object as the tree names it; the size is known of files. */
export interface Needed {
  checksum: Checksum;
  type: ObjectType;
  size?: number;
}
interface LoadedPack {
  path: string;
  index: PackIndex;
  keys: ReadonlySet<string>;
}

/** The store with what has arrived. */
export function view({ repo, incoming }: Pick<PullContext, "repo" | "incoming">): Repo {
  return {
    ...repo,
    incoming: (checksum, type) =>
      incoming.arrived.has(keyOf({ checksum, type })) ? incoming.path(checksum, type) : undefined,
  };
}

function isHere(context: PullContext, { checksum, type, size }: Needed): boolean {
  const found = objectSize(view(context), checksum, type);
  return found !== undefined && (size === undefined || found === size);
}

/** What the commit needs, as far as its tree is here: all of it, the trees that cannot be read, the files that are not here. */
function neededObjects(context: PullContext, commit: Checksum): Record<"objects" | "trees" | "files", Needed[]> {
  const [objects, trees, files]: [Needed[], Needed[], Needed[]] = [[], [], []];
  visitReachable(view(context), commit, {
    seen: new Set(),
    visit(object) {
      objects.push(object);
      if (object.type === "file" && !isHere(context, object)) files.push(object);
    },
    unreadable(object, error) {
      if (!isAtomicError(error, "not-found")) throw error;
      trees.push(object);
    },
  });
  return { objects, trees, files };
}

async function loadPack(context: PullContext, { name, index: size }: PublishedPack): Promise<LoadedPack> {
  const index = await packIndex(context, { name, max: Math.min(size, MAX_METADATA_BYTES) });
  return { path: `packs/${name}.pack`, index, keys: new Set(index.objects.map(keyOf)) };
}

/** A pack's index, which stays in `incoming/` until the pull is complete. */
async function packIndex(
  { repo: { path, disk }, source, incoming, arrived }: PullContext,
  { name, max }: { name: Checksum; max: number },
): Promise<PackIndex> {
  const kept = join(path, "incoming", `${name}.index`);
  if (incoming.others.has(`${name}.index`)) {
    try {
      return parsePackIndex(readFile(kept, max), name);
    } catch (error) {
      if (!isAtomicError(error)) throw error; // a power cut may have taken its bytes
    }
  }
  const answer = await source.get(`packs/${name}.index`, { max });
  const bytes = answer?.bytes ?? Buffer.alloc(0);
  arrived(bytes.length);
  const index = parsePackIndex(bytes, name);
  disk.removeTree(kept);
  const file = disk.create(kept, 0o600);
  try {
    file.write(bytes);
  } finally {
    file.close();
  }
  return index;
}

/** Brings every commit and dirtree of a pack in few requests; level by level there would be as many as the tree is deep. */
async function fetchTrees(context: PullContext, { path, index }: LoadedPack): Promise<void> {
  const wanted = new Set(index.objects.filter((object) => object.type !== "file" && !isHere(context, object)));
  const bytes = [...wanted].reduce((sum, { size }) => sum + size, 0);
  if (bytes > MAX_TREE_BYTES)
    throw new AtomicError(
      "invalid",
      `reading ${path}: expected at most ${MAX_TREE_BYTES} bytes of dirtrees, found ${bytes}`,
    );
  for (const job of planJobs(index, (object) => wanted.has(object))) await runJob(job, { ...context, path });
}

/** Each file from the first pack that has it. */
function fileJobs(
  { incoming }: PullContext,
  loaded: readonly LoadedPack[],
  files: readonly Needed[],
): Pick<PullPlan, "jobs" | "download"> {
  const left = new Set(files.map(keyOf));
  const jobs = loaded.flatMap(({ path, index }) => {
    const wanted = new Set(index.objects.filter((object) => left.has(keyOf(object))));
    for (const object of wanted) left.delete(keyOf(object));
    const begun = (frame: PackFrame): boolean => incoming.others.has(restName(path, frame));
    return planJobs(index, (object) => wanted.has(object), begun).map((job) => ({ path, job }));
  });
  return { jobs, download: jobs.reduce((sum, { job }) => sum + job.length, 0) };
}
