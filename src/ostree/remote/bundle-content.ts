/** What is in a bundle, and where. Layout: docs/formats.md, "bundle". */
import { type Checksum, checksumOf, createHasher } from "../../digest.ts";
import type { DurableFile } from "../../durable-types.ts";
import { noProgress, type Progress } from "../../progress.ts";
import type { RefName } from "../ref.ts";
import type { Repo } from "../repo.ts";
import { type BundleEntry, encodeBundleEnd, MAGIC } from "./bundle-file.ts";
import { encodePackIndex } from "./pack-index.ts";
import { previousSummary } from "./publish.ts";
import { publishedRef } from "./published-ref.ts";
import type { SecretKey } from "./secret-key.ts";
import { deltaName } from "./served-files.ts";
import { sign } from "./signature.ts";
import { formatSummary, type PublishedDelta, summaryBody } from "./summary.ts";
import { type WantedObject, writePack } from "./write-pack.ts";

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

export interface BundleContent extends BundleOptions {
  /** The objects of its pack. */
  wanted: readonly WantedObject[];
  /** A delta to the commit: where it starts, and the bytes of its file. */
  delta?: { from: Checksum; content: readonly Uint8Array[] };
}

/**
 * Writes a bundle to the new file `path` and syncs it. Returns its size in bytes.
 * @throws AtomicError not-found, corrupt, no-space
 */
export async function writeBundleFile(repo: Repo, path: string, content: BundleContent): Promise<number> {
  const { keys = [], wanted, progress = noProgress } = content;
  const timestamp = previousSummary(repo)?.timestamp ?? Math.floor(Date.now() / 1000);
  const task = progress.start("packing", { total: wanted.reduce((sum, { size }) => sum + size, 0), unit: "bytes" });
  repo.disk.removeTree(path);
  const out = countingFile(repo.disk.create(path, 0o644));
  const entries: BundleEntry[] = [];
  const add = (name: string, pieces: readonly Uint8Array[]): void => {
    const offset = out.at();
    for (const piece of pieces) out.write(piece);
    entries.push({ path: name, offset, size: out.at() - offset });
  };
  try {
    out.write(MAGIC);
    const index = await writePack(repo, wanted, { out, timestamp, task });
    const packSize = out.at() - MAGIC.length;
    const indexBytes = encodePackIndex(index);
    const name = checksumOf(indexBytes);
    entries.push({ path: `packs/${name}.pack`, offset: MAGIC.length, size: packSize });
    add(`packs/${name}.index`, [indexBytes]);
    const deltas = publishedDelta(content);
    for (const delta of deltas) add(deltaName(delta), content.delta!.content);
    const refs = [publishedRef(repo, { ...content, packs: [name] })];
    const packs = [{ name, index: indexBytes.length, pack: packSize }];
    const body = summaryBody({ timestamp, refs, packs, deltas });
    add("summary", [
      formatSummary(
        body,
        keys.map((key) => sign(body, key)),
      ),
    ]);
    out.write(encodeBundleEnd(entries));
    out.sync();
  } finally {
    out.close();
  }
  task.finish();
  return out.at();
}

function publishedDelta({ commit, delta }: BundleContent): PublishedDelta[] {
  if (delta === undefined) return [];
  const hasher = createHasher();
  for (const piece of delta.content) hasher.update(piece);
  const size = delta.content.reduce((sum, { length }) => sum + length, 0);
  return [{ from: delta.from, to: commit, size, checksum: hasher.digest() }];
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
