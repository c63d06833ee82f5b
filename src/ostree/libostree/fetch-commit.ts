/** Bringing a commit of OSTree: its directories into memory, its files into the store. */
import { noProgress, type Progress, type ProgressTask } from "../../progress.ts";
import { withRepoLock } from "../lock.ts";
import type { FetchOptions as RemoteFetchOptions } from "../remote/driver.ts";
import { checkpoint, type Transaction } from "../transaction.ts";
import { type OstreeCommit, parseOstreeCommit } from "./commit.ts";
import { type FetchedTree, fetchTree } from "./fetch-tree.ts";
import { importFile } from "./import-file.ts";
import { type ImportMap, openImportMap } from "./import-map.ts";
import { forEachParallel } from "../../parallel.ts";
import { planFetch } from "./plan-fetch.ts";
import type { Sha256 } from "./sha256.ts";
import type { OstreeSource } from "./source.ts";
import { createStoredTrees, isThere } from "./stored-trees.ts";

/** Objects asked for at a time. */
export const REQUESTS = 24;
/** After so many bytes of content, what has arrived is made durable, so that a pull that is cut off can go on. */
const CHECKPOINT = 64 * 1024 * 1024;

/** A commit of OSTree whose files are in the store, or were when it was fetched. */
export interface FetchedCommit {
  original: OstreeCommit;
  bytes: Buffer;
  map: ImportMap;
  fetched: FetchedTree;
  /** Objects of OSTree that were fetched, and the bytes of content among them. */
  objects: number;
  contentBytes: number;
}

export interface FetchOptions extends Pick<RemoteFetchOptions, "progress" | "onPlan" | "measure"> {
  /** Of the commit, checked against its name. */
  bytes: Buffer;
}

/**
 * Fetches what the store lacks of the commit that `bytes` are. What arrived stays, also
 * when this fails. Takes the store's lock only to publish.
 * @param transaction one aside
 * @throws AtomicError not-found, corrupt, invalid, unsupported, no-space, locked
 */
export async function fetchCommit(
  transaction: Transaction,
  source: OstreeSource,
  { bytes, progress = noProgress, onPlan, measure = false }: FetchOptions,
): Promise<FetchedCommit> {
  const original = parseOstreeCommit(bytes);
  const map = openImportMap(transaction.repo);
  const stored = createStoredTrees(transaction, map);
  const fetched = await fetchTree(source, original, {
    known: (tree) => stored(tree) !== undefined,
    requests: REQUESTS,
  });
  const isMissing = (checksum: Sha256): boolean => !isThere(transaction, map.file(checksum));
  const named = [...new Set([...fetched.dirtrees.values()].flatMap(({ files }) => [...files.values()]))];
  const wanted = named.filter(isMissing);
  let contentBytes = 0;
  const bring = async (missing: readonly Sha256[]): Promise<void> => {
    contentBytes += await fetchFiles(transaction, source, { map, missing, progress });
  };
  if (onPlan !== undefined) {
    const planning = { original, map, fetched, missing: wanted, measure, requests: REQUESTS, bring };
    await onPlan(await planFetch(transaction, source, planning));
  }
  await bring(wanted.filter(isMissing));
  const objects = 1 + fetched.dirtrees.size + fetched.dirmetas.size + wanted.length;
  return { original, bytes, map, fetched, objects, contentBytes };
}

/** Brings the content of files; returns its bytes. */
async function fetchFiles(
  transaction: Transaction,
  source: OstreeSource,
  { map, missing, progress }: { map: ImportMap; missing: readonly Sha256[]; progress: Progress },
): Promise<number> {
  if (missing.length === 0) return 0;
  const task: ProgressTask = progress.start("importing files", { total: missing.length, unit: "items" });
  let bytes = 0;
  let saved = 0;
  const save = (): Promise<void> => {
    saved = bytes;
    return withRepoLock(transaction.repo, () => {
      checkpoint(transaction);
      map.save();
    });
  };
  try {
    await forEachParallel(missing, REQUESTS, async (checksum) => {
      const file = await source.file(checksum);
      const node = await importFile(transaction, file, { checksum, where: source.where });
      map.setFile(checksum, node);
      bytes += file.size;
      task.advance();
      if (bytes - saved >= CHECKPOINT) await save();
    });
  } catch (error) {
    await save().catch(() => undefined); // why it failed matters more
    throw error;
  }
  await save();
  task.finish();
  return bytes;
}
