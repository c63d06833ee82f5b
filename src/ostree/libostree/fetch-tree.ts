/** Fetching a commit's directories, checked against their names. */
import { AtomicError } from "../../errors.ts";
import type { InodeMeta } from "../tree.ts";
import { parseDirmeta } from "./dirmeta.ts";
import { type OstreeDirtree, parseOstreeDirtree } from "./dirtree.ts";
import { forEachParallel } from "../../parallel.ts";
import { type Sha256, sha256Of } from "./sha256.ts";
import { MAX_METADATA, type MetadataType, ostreeObjectPath, type OstreeSource } from "./source.ts";

export interface FetchedTree {
  dirtrees: ReadonlyMap<Sha256, OstreeDirtree>;
  dirmetas: ReadonlyMap<Sha256, InodeMeta>;
}

/** No tree of an OS has more names, each directory's counted once. */
const MAX_NAMES = 2_000_000;
/** Directories nested deeper than any path the kernel takes. */
const MAX_LEVELS = 2048;

/**
 * The dirtrees below `root`, and all dirmetas.
 * @param options.known tells a dirtree that need not be fetched, nor what is below it
 * @param options.requests how many may be under way at a time
 * @throws AtomicError not-found, corrupt, invalid
 */
export async function fetchTree(
  source: OstreeSource,
  root: { tree: Sha256; meta: Sha256 },
  options: { known: (dirtree: Sha256) => boolean; requests: number },
): Promise<FetchedTree> {
  const dirtrees = new Map<Sha256, OstreeDirtree>();
  const dirmetas = new Map<Sha256, InodeMeta>();
  const wantedMetas = new Set([root.meta]);
  const seen = new Set([root.tree]);
  let names = 0;
  let level = [root.tree];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_LEVELS)
      throw new AtomicError("invalid", `importing from ${source.where}: more than ${MAX_LEVELS} directories deep`);
    const below: Sha256[] = [];
    const missing = level.filter((checksum) => !options.known(checksum));
    await forEachParallel(missing, options.requests, async (checksum) => {
      const dirtree = parseOstreeDirtree(await fetchMetadata(source, checksum, "dirtree"));
      names += dirtree.files.size + dirtree.directories.size;
      if (names > MAX_NAMES)
        throw new AtomicError("invalid", `importing from ${source.where}: more than ${MAX_NAMES} names`);
      dirtrees.set(checksum, dirtree);
      for (const { tree, meta } of dirtree.directories.values()) {
        wantedMetas.add(meta);
        if (!seen.has(tree)) below.push(tree);
        seen.add(tree);
      }
    });
    level = below;
  }
  await forEachParallel(wantedMetas, options.requests, async (checksum) => {
    dirmetas.set(checksum, parseDirmeta(await fetchMetadata(source, checksum, "dirmeta")));
  });
  return { dirtrees, dirmetas };
}

/** A metadata object that hashes to its name. @throws AtomicError not-found, corrupt, invalid */
export async function fetchMetadata(
  source: OstreeSource,
  checksum: Sha256,
  type: Exclude<MetadataType, "commitmeta">,
): Promise<Buffer> {
  const bytes = await source.read(ostreeObjectPath(checksum, type), MAX_METADATA);
  if (bytes === undefined) throw new AtomicError("not-found", `reading ${type} ${checksum}: not in ${source.where}`);
  const found = sha256Of(bytes);
  if (found !== checksum)
    throw new AtomicError("corrupt", `reading a ${type} from ${source.where}: expected ${checksum}, found ${found}`);
  return bytes;
}
