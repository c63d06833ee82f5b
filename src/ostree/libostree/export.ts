/** Writing commits into an OSTree repository of mode archive: objects, then the summary, then refs. */
import { dirname, join } from "node:path";
import type { Checksum } from "../../digest.ts";
import { AtomicError } from "../../errors.ts";
import { AT_FDCWD, readFile, statIfExists } from "../../linux/index.ts";
import type { Progress } from "../../progress.ts";
import { withFileLock } from "../lock.ts";
import { refNamesBelow } from "../ref.ts";
import type { Repo } from "../repo.ts";
import { parseOstreeCommit } from "./commit.ts";
import { exportCommit } from "./export-commit.ts";
import { type ExportTarget, openExportTarget } from "./export-target.ts";
import { TEXT, valueOf } from "./metadata-value.ts";
import { parseSha256, type Sha256 } from "./sha256.ts";
import { MAX_METADATA, ostreeObjectPath } from "./source.ts";
import { encodeSummary, type SummaryRef } from "./summary.ts";

export interface ExportRequest {
  commit: Checksum;
  /** The ref to move there in the OSTree repository. */
  ref?: string;
}
export interface ExportResult {
  commits: { commit: Checksum; ostree: Sha256; ref?: string }[];
  /** Objects the repository did not have, and their bytes. */
  objects: number;
  bytes: number;
  /** The summary had a signature, which is gone: it is another summary now. */
  unsigned: boolean;
}

/** ostree's own: no `+`, `:` or `@`. */
const REF = /^[-._A-Za-z0-9]+(\/[-._A-Za-z0-9]+)*$/;
const MAX_REF_FILE = 1024;

/**
 * Exports commits to the repository in `directory`, made if absent. Its summary then lists all its refs.
 * @throws AtomicError usage (a ref ostree does not allow), unsupported, conflict, corrupt, not-found, no-space, locked
 */
export async function exportOstree(
  repo: Repo,
  options: { directory: string; requests: readonly ExportRequest[]; progress?: Progress },
): Promise<ExportResult> {
  const { directory, requests, progress } = options;
  for (const { ref } of requests) {
    if (ref !== undefined && !REF.test(ref)) {
      throw new AtomicError("usage", `exporting ref ${ref}: ostree allows only letters, digits and -._ in its parts`);
    }
  }
  repo.disk.ensureDirectory(directory, 0o755);
  return withFileLock(join(directory, ".lock"), async () => {
    const target = openExportTarget(directory, repo.disk);
    const commits: ExportResult["commits"] = [];
    for (const request of requests) {
      const ostree = await exportCommit(repo, target, { ...request, ...(progress === undefined ? {} : { progress }) });
      commits.push({ ...request, ostree });
    }
    const written = target.publish();
    const unsigned = dropSignature(target);
    for (const { ref, ostree } of commits) if (ref !== undefined) writeHead(target, ref, ostree);
    writeSummary(target);
    return { commits, ...written, unsigned };
  });
}

function writeHead({ path, disk }: ExportTarget, ref: string, checksum: Sha256): void {
  const file = join(path, "refs/heads", ref);
  disk.ensureDirectory(dirname(file), 0o755);
  disk.replaceFile(file, Buffer.from(`${checksum}\n`), 0o644);
}

/** A signature of the old summary would make every client refuse the new one. */
function dropSignature({ path, disk }: ExportTarget): boolean {
  const file = join(path, "summary.sig");
  if (statIfExists(AT_FDCWD, file) === undefined) return false;
  disk.unlink(file);
  disk.fsyncDirectory(path);
  return true;
}

function writeSummary({ path, disk }: ExportTarget): void {
  const refs = new Map<string, SummaryRef>();
  for (const name of refNamesBelow(join(path, "refs/heads"))) {
    const checksum = parseSha256(
      readFile(join(path, "refs/heads", name), MAX_REF_FILE)
        .toString("latin1")
        .trimEnd(),
    );
    if (checksum === undefined) continue; // ostree fsck tells
    const bytes = readFile(join(path, ostreeObjectPath(checksum, "commit")), MAX_METADATA);
    const { timestamp, metadata } = parseOstreeCommit(bytes);
    const version = valueOf(metadata, "version", TEXT);
    refs.set(name, { checksum, size: bytes.length, timestamp, ...(version === undefined ? {} : { version }) });
  }
  const summary = encodeSummary({ refs, modified: Math.floor(Date.now() / 1000) });
  disk.replaceFile(join(path, "summary"), summary, 0o644);
}
