/** Publishing a store: packs of what its refs need, and the summary that leads to them. */
import { join } from "node:path";
import { type Checksum, parseChecksum } from "../../digest.ts";
import { AT_FDCWD, isKernelError, namesIn, readFile, statAt } from "../../linux/index.ts";
import { noProgress, type Progress } from "../../progress.ts";
import { MAX_METADATA_BYTES } from "../cbor-reader.ts";
import { storedDeltas } from "../delta/stored-deltas.ts";
import { withRepoLock } from "../lock.ts";
import { measureFile } from "../object-store.ts";
import { readRef, type RefName } from "../ref.ts";
import type { Repo } from "../repo.ts";
import { AtomicError } from "../../errors.ts";
import { type PackIndex, parsePackIndex } from "./pack-index.ts";
import { keyOf, neededObjects, publishedRef } from "./published-ref.ts";
import type { SecretKey } from "./secret-key.ts";
import { sign } from "./signature.ts";
import {
  formatSummary,
  MAX_DELTAS,
  MAX_SUMMARY,
  parseSummary,
  type PublishedRef,
  type Summary,
  summaryBody,
} from "./summary.ts";
import { addPack, type WantedObject } from "./write-pack.ts";

export interface PublishOptions {
  /** The refs to offer. */
  refs: readonly RefName[];
  /** Who signs the summary; commits keep the signatures they have. */
  keys?: readonly SecretKey[];
  /** Seconds since the epoch; now if left out. Never earlier than that of the summary before. */
  timestamp?: number;
  progress?: Progress;
}
export interface PublishResult {
  summary: Summary;
  /** Bytes of the objects newly packed, and of their pack. */
  packed: number;
  stored: number;
}

/** A pack whose objects are needed to less than this share is replaced. */
const LIVE_SHARE = 0.5;

/**
 * Packs what the refs need and no pack has, then replaces the summary in one step. Packs of the summary before stay for
 * those who are reading it; older ones that no ref needs go.
 * @throws AtomicError not-found, corrupt, no-space, locked, read-only
 */
export async function publish(repo: Repo, options: PublishOptions): Promise<PublishResult> {
  return withRepoLock(repo, async () => {
    const { keys = [], progress = noProgress } = options;
    const before = previousSummary(repo);
    const timestamp = Math.max(options.timestamp ?? Math.floor(Date.now() / 1000), before?.timestamp ?? 0);
    const needed = new Map(options.refs.map((ref) => [ref, namedBy(repo, ref)]));
    const all = new Map([...needed.values()].flatMap(({ objects }) => [...objects]));
    const kept = existingPacks(repo).filter(({ index }) => liveShare(index, all) >= LIVE_SHARE);
    const present = new Set(kept.flatMap(({ index }) => index.objects.map(keyOf)));
    const missing = [...all].filter(([key]) => !present.has(key)).map(([, object]) => object);

    const total = missing.reduce((sum, { size }) => sum + size, 0);
    const task = progress.start("packing", { total, unit: "bytes" });
    const added = await addPack(repo, missing, { timestamp, task });
    task.finish();
    const packs = [...kept, ...(added === undefined ? [] : [readPack(repo, added)])].sort(newestFirst);

    const refs = [...needed].map(([ref, { commit, objects }]) =>
      publishedRef(repo, { ref, commit, packs: cover(packs, objects) }),
    );
    const used = packs.filter(({ name }) => refs.some((ref) => ref.packs.includes(name)));
    const deltas = publishedDeltas(repo, refs);
    const summary: Summary = { timestamp, refs, packs: used.map((pack) => publishedPack(repo, pack)), deltas };
    const body = summaryBody(summary);
    const bytes = formatSummary(
      body,
      keys.map((key) => sign(body, key)),
    );
    repo.disk.replaceFile(join(repo.path, "summary"), bytes, 0o644);
    removePacks(repo, new Set([...summary.packs, ...(before?.packs ?? [])].map(({ name }) => name)));
    const stored = summary.packs.find(({ name }) => name === added)?.pack ?? 0;
    return { summary, packed: total, stored };
  });
}

/** The summary as it was published last; undefined when there is none, or none that can be read. */
export function previousSummary(repo: Repo): Summary | undefined {
  try {
    return parseSummary(readFile(join(repo.path, "summary"), MAX_SUMMARY)).summary;
  } catch (error) {
    if (isKernelError(error, "ENOENT")) return undefined;
    throw error;
  }
}

interface Pack {
  name: Checksum;
  index: PackIndex;
}

function namedBy(repo: Repo, ref: RefName): { commit: Checksum; objects: Map<string, WantedObject> } {
  const commit = readRef(repo, ref);
  if (commit !== undefined) return { commit, objects: neededObjects(repo, commit) };
  throw new AtomicError("not-found", `publishing ref ${ref}: not in ${repo.path}`, {
    hint: `atomic repo refs --repo ${repo.path}`,
  });
}

function existingPacks(repo: Repo): Pack[] {
  const names = packFiles(repo).filter((name) => /^[0-9a-f]{64}\.index$/.test(name));
  return names.map((name) => readPack(repo, parseChecksum(name.slice(0, -".index".length))));
}

function readPack(repo: Repo, name: Checksum): Pack {
  return { name, index: parsePackIndex(readFile(packFile(repo, name, "index"), MAX_METADATA_BYTES), name) };
}

function packFile(repo: Repo, name: Checksum, kind: "index" | "pack"): string {
  return join(repo.path, "packs", `${name}.${kind}`);
}

function packFiles(repo: Repo): string[] {
  return namesIn(join(repo.path, "packs"));
}

/** The share of a pack's bytes that `needed` has use for. */
function liveShare({ objects }: PackIndex, needed: ReadonlyMap<string, unknown>): number {
  const sum = (list: readonly { size: number }[]) => list.reduce((bytes, { size }) => bytes + size, 0);
  return sum(objects.filter((object) => needed.has(keyOf(object)))) / sum(objects);
}

function newestFirst(a: Pack, b: Pack): number {
  return b.index.timestamp - a.index.timestamp || (a.name < b.name ? -1 : 1);
}

/** Packs that hold all of `objects` between them, newest first. */
function cover(packs: readonly Pack[], objects: ReadonlyMap<string, unknown>): Checksum[] {
  const left = new Set(objects.keys());
  return packs.flatMap(({ name, index }) => {
    const before = left.size;
    for (const object of index.objects) left.delete(keyOf(object));
    return left.size < before ? [name] : [];
  });
}

function publishedPack(repo: Repo, { name }: Pack): Summary["packs"][number] {
  const sizeOf = (kind: "index" | "pack") => statAt(AT_FDCWD, packFile(repo, name, kind)).size;
  return { name, index: sizeOf("index"), pack: sizeOf("pack") };
}

/** The deltas that lead to what a ref names. */
function publishedDeltas(repo: Repo, refs: readonly PublishedRef[]): Summary["deltas"] {
  return storedDeltas(repo)
    .filter(({ to }) => refs.some(({ commit }) => commit === to))
    .slice(0, MAX_DELTAS)
    .map(({ from, to, path }) => ({ from, to, ...measureFile(path) }));
}

function removePacks(repo: Repo, kept: ReadonlySet<string>): void {
  const directory = join(repo.path, "packs");
  const unused = packFiles(repo).filter((name) => !kept.has(name.replace(/\.(index|pack)$/, "")));
  for (const name of unused) repo.disk.unlink(join(directory, name));
}
