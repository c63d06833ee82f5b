/**
 * Downloading a blob into the store's `download/` directory, where it stays until it is imported: a pull that was cut
 * off goes on where it ended. Nothing is believed of what lies there before its digest has been made anew.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { AtomicError, isAtomicError } from "../../errors.ts";
import { download } from "../../http-download.ts";
import { AT_FDCWD, statIfExists } from "../../linux/index.ts";
import { type Repo, withFileLock } from "../../ostree/index.ts";
import type { ProgressTask } from "../../progress.ts";
import { releaseBytes } from "../../release-bytes.ts";
import { type Digest, digestHex, digestOfHash } from "../digest.ts";
import { type BlobFile, readBlob } from "../layer/blob-file.ts";
import type { Descriptor } from "../manifest.ts";
import type { RegistryClient } from "./registry-client.ts";

/** Where the blobs of a store wait. */
function blobPath(repo: Repo, digest: Digest): string {
  return join(repo.path, "download", digestHex(digest));
}

/**
 * The blob as a file, downloaded as far as it is not there yet. Only one process downloads a blob at a time. Once
 * `signal` is aborted it stops with the signal's reason; what has arrived stays.
 * @throws AtomicError network, not-found, permission, corrupt (the bytes are others), no-space, locked
 */
export async function downloadBlob(
  repo: Repo,
  clients: readonly RegistryClient[],
  { digest, size }: Descriptor,
  how: { task: ProgressTask; signal: AbortSignal },
): Promise<BlobFile> {
  const path = blobPath(repo, digest);
  repo.disk.ensureDirectory(join(repo.path, "download"), 0o700);
  return withFileLock(`${path}.lock`, async () => {
    for (const [i, client] of clients.entries()) {
      try {
        await continueDownload(repo, client, { path, digest, size, ...how });
        return { path, offset: 0, size, checked: true };
      } catch (error) {
        const mayTryNext = ["network", "not-found", "permission", "corrupt"].some((code) =>
          isAtomicError(error, code as "network"),
        );
        if (i === clients.length - 1 || !mayTryNext) throw error;
      }
    }
    throw new Error("a blob without a registry");
  });
}

/** Removes what was downloaded of a blob. */
export function dropDownload(repo: Repo, digest: Digest): void {
  for (const ending of ["", ".lock"]) repo.disk.removeTree(blobPath(repo, digest) + ending);
}

interface Part {
  path: string;
  digest: Digest;
  size: number;
  task: ProgressTask;
  signal: AbortSignal;
}

/** Goes on after the bytes that are there, which are hashed first, and fetches the others. */
async function continueDownload(repo: Repo, client: RegistryClient, part: Part): Promise<void> {
  const { path, digest, size, task, signal } = part;
  const present = partSize(path);
  if (present === size && wholeMatches(path, size, digest)) return;
  const had = present < size ? present : 0;
  const hash = createHash("sha256");
  if (had === 0) repo.disk.removeTree(path);
  else for (const chunk of readBlob({ path, offset: 0, size: had })) hash.update(chunk);
  task.advance(had);
  // Written in place, so that also what a killed pull had got is there.
  const file = had === 0 ? repo.disk.create(path, 0o600) : repo.disk.append(path, had);
  let got = had;
  try {
    const { client: http, url, headers } = await client.locate(`blobs/${digest}`);
    const { host, path: name } = client.endpoint;
    const doing = `pulling ${digest} from ${host}/${name}`;
    for await (const chunk of download(http, url, { doing, headers, offset: got, length: size - got, signal })) {
      hash.update(chunk);
      file.write(chunk);
      got += chunk.length;
      task.advance(chunk.length);
      releaseBytes(chunk);
    }
  } finally {
    file.close();
  }
  const found = digestOfHash(hash);
  if (got === size && found === digest) return;
  if (got < size) throw new AtomicError("network", `pulling ${digest}: expected ${size} bytes, found ${got}`);
  repo.disk.unlink(path);
  throw new AtomicError("corrupt", `pulling from ${client.endpoint.host}: expected ${digest}, found ${found}`);
}

function partSize(path: string): number {
  return statIfExists(AT_FDCWD, path)?.size ?? 0;
}

function wholeMatches(path: string, size: number, digest: Digest): boolean {
  const hash = createHash("sha256");
  for (const chunk of readBlob({ path, offset: 0, size })) hash.update(chunk);
  return digestOfHash(hash) === digest;
}
