/** Writing a bundle: a commit for hosts that reach no server. */
import { dirname, join } from "node:path";
import { type Checksum, checksumOf } from "../../digest.ts";
import type { DurableFile } from "../../durable-types.ts";
import { noProgress, type Progress } from "../../progress.ts";
import type { RefName } from "../ref.ts";
import type { Repo } from "../repo.ts";
import { type BundleEntry, encodeBundleEnd, MAGIC } from "./bundle-file.ts";
import { encodePackIndex } from "./pack-index.ts";
import { previousSummary } from "./publish.ts";
import { neededObjects, publishedRef } from "./published-ref.ts";
import type { SecretKey } from "./secret-key.ts";
import { sign } from "./signature.ts";
import { formatSummary, summaryBody } from "./summary.ts";
import { writePack } from "./write-pack.ts";

export interface BundleOptions {
  /** The ref that the bundle offers, and its commit. */
  ref: RefName;
  commit: Checksum;
  /** A commit that the hosts have: what it needs is left out. */
  from?: Checksum;
  /** Who signs the bundle's summary; commits keep the signatures they have. */
  keys?: readonly SecretKey[];
  progress?: Progress;
}
export interface BundleResult {
  /** Bytes of the file. */
  size: number;
  /** Objects in it, and their bytes. */
  objects: number;
  bytes: number;
}

/**
 * Writes a bundle to `file`, durably, replacing what is there. It is as old as the store's published summary, so that hosts
 * may go from one to the other and back; where there is none, it is of now.
 * @throws AtomicError not-found, corrupt, no-space
 */
export async function writeBundle(repo: Repo, file: string, options: BundleOptions): Promise<BundleResult> {
  const { commit, from, keys = [], progress = noProgress } = options;
  const known = from === undefined ? new Map() : neededObjects(repo, from);
  const wanted = [...neededObjects(repo, commit)].filter(([key]) => !known.has(key)).map(([, object]) => object);
  const bytes = wanted.reduce((sum, { size }) => sum + size, 0);
  const timestamp = previousSummary(repo)?.timestamp ?? Math.floor(Date.now() / 1000);
  const task = progress.start("packing", { total: bytes, unit: "bytes" });
  const unfinished = join(dirname(file), `.${commit}.new`);
  repo.disk.removeTree(unfinished);
  const out = countingFile(repo.disk.create(unfinished, 0o644));
  try {
    out.write(MAGIC);
    const index = await writePack(repo, wanted, { out, timestamp, task });
    const packSize = out.at() - MAGIC.length;
    const indexBytes = encodePackIndex(index);
    const name = checksumOf(indexBytes);
    const refs = [publishedRef(repo, { ...options, packs: [name] })];
    const packs = [{ name, index: indexBytes.length, pack: packSize }];
    const body = summaryBody({ timestamp, refs, packs, deltas: [] });
    const signatures = keys.map((key) => sign(body, key));
    const entries: BundleEntry[] = [{ path: `packs/${name}.pack`, offset: MAGIC.length, size: packSize }];
    for (const [path, content] of [
      [`packs/${name}.index`, indexBytes],
      ["summary", formatSummary(body, signatures)],
    ] as const) {
      entries.push({ path, offset: out.at(), size: content.length });
      out.write(content);
    }
    out.write(encodeBundleEnd(entries));
    out.sync();
  } catch (error) {
    repo.disk.removeTree(unfinished);
    throw error;
  } finally {
    out.close();
  }
  task.finish();
  repo.disk.rename(unfinished, file);
  repo.disk.fsyncDirectory(dirname(file));
  return { size: out.at(), objects: wanted.length, bytes };
}

/** A file that knows how much was written to it. */
function countingFile(file: DurableFile): DurableFile & { at(): number } {
  let at = 0;
  return {
    ...file,
    at: () => at,
    write(chunk) {
      file.write(chunk);
      at += chunk.length;
    },
  };
}
