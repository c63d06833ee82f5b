/** Files of `cache/`: derived, safe to delete, and never trusted without a checksum of their own. */
import type { Repo } from "./repo.ts";

/** The absolute path of a cache file. */
export function cacheFile(repo: Repo, name: string): string {
  return `${repo.path}/cache/${name}`;
}

/** Writes a cache file in one step for readers, without waiting for the disk: losing it costs time, not data. */
export function replaceCacheFile(repo: Repo, name: string, bytes: Buffer): void {
  const path = cacheFile(repo, name);
  repo.disk.removeTree(`${path}.new`);
  const file = repo.disk.create(`${path}.new`, 0o600);
  try {
    file.write(bytes);
  } finally {
    file.close();
  }
  repo.disk.rename(`${path}.new`, path);
}
