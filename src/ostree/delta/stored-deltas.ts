/** `deltas/`: those a store has to offer. */
import { type Checksum, parseChecksum } from "../../digest.ts";
import { namesIn } from "../../linux/index.ts";
import type { Repo } from "../repo.ts";
import { deltaPath } from "./delta-file.ts";

export interface StoredDelta {
  from: Checksum;
  to: Checksum;
  path: string;
}

const NAME = /^([0-9a-f]{64})-([0-9a-f]{64})\.delta$/;

/** The deltas of a store, sorted by name. */
export function storedDeltas(repo: Repo): StoredDelta[] {
  const names = namesIn(`${repo.path}/deltas`);
  return names.flatMap((name) => {
    const match = NAME.exec(name);
    if (match === null) return []; // a temporary file of an interrupted write
    const [from, to] = [parseChecksum(match[1]!), parseChecksum(match[2]!)];
    return [{ from, to, path: deltaPath(repo, from, to) }];
  });
}

/** Removes the deltas of commits that `kept`, names of objects, lacks. The caller holds the store's lock. */
export function pruneDeltas(repo: Repo, kept: ReadonlySet<string>): void {
  const isKept = (commit: Checksum): boolean => kept.has(`${commit}.commit`);
  const unused = storedDeltas(repo).filter(({ from, to }) => !isKept(from) || !isKept(to));
  for (const { path } of unused) repo.disk.unlink(path);
}
