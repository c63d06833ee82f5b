/**
 * What a commit learned of each file, so that the next commit of the same directory need not read it again.
 *
 * A file counts as unchanged while its inode number, size, mtime and ctime are. Files whose ctime is not older than the
 * scan by a clear margin are left out: a later write could carry the same time stamp ("racy git").
 */
import { type Checksum, checksumFromBytes, checksumOf, checksumToBytes } from "../digest.ts";
import { isKernelError, readFile, type Stat } from "../linux/index.ts";
import { cacheFile, replaceCacheFile } from "./cache-file.ts";
import type { Repo } from "./repo.ts";

export interface ContentDigests {
  checksum: Checksum;
  verity: Checksum;
}
export interface StatCache {
  get(stat: Stat): ContentDigests | undefined;
  /** Everything this commit saw; replaces what the file held. */
  save(seen: Iterable<{ stat: Stat; digests: ContentDigests }>): void;
}

/** Six 64-bit floats: ino, size, mtime and ctime with their nanoseconds. */
const KEY = 48;
const DIGEST = 32;
const RECORD = KEY + 2 * DIGEST;
const MAX_CACHE = 512 * 1024 * 1024;
/** Seconds by which a ctime must precede the scan to be trusted. */
const MARGIN = 1;

/** Opens the cache that belongs to the directory `root` describes; a damaged or absent one is empty. */
export function openStatCache(repo: Repo, root: Stat): StatCache {
  const name = `stat-${root.dev}-${root.ino}`;
  const scanned = Date.now() / 1000;
  const bytes = load(cacheFile(repo, name));
  const keys = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8);
  const index = new Map<number, number>();
  for (let at = 0; at < keys.length; at += RECORD / 8) index.set(keys[at]!, at);

  return {
    get(stat) {
      const at = index.get(Number(stat.ino));
      if (at === undefined || !keyOf(stat).every((value, i) => value === keys[at + i])) return undefined;
      const digests = at * 8 + KEY;
      return {
        checksum: checksumFromBytes(bytes.subarray(digests, digests + DIGEST)),
        verity: checksumFromBytes(bytes.subarray(digests + DIGEST, digests + 2 * DIGEST)),
      };
    },
    save(seen) {
      const kept = [...seen].filter(({ stat }) => stat.ctime < scanned - MARGIN && typeof stat.ino === "number");
      const out = Buffer.from(new ArrayBuffer(kept.length * RECORD + DIGEST));
      const outKeys = new Float64Array(out.buffer, 0, (kept.length * RECORD) / 8);
      kept.forEach(({ stat, digests }, i) => {
        outKeys.set(keyOf(stat), (i * RECORD) / 8);
        out.write(digests.checksum + digests.verity, i * RECORD + KEY, "hex");
      });
      const body = out.subarray(0, -DIGEST);
      out.set(checksumToBytes(checksumOf(body)), body.length);
      replaceCacheFile(repo, name, out);
    },
  };
}

function keyOf(stat: Stat): number[] {
  return [Number(stat.ino), stat.size, stat.mtime, stat.mtimeNsec, stat.ctime, stat.ctimeNsec];
}

/** The records in a buffer of their own, aligned for 64-bit numbers. */
function load(path: string): Buffer {
  try {
    const bytes = readFile(path, MAX_CACHE);
    const body = Buffer.from(new ArrayBuffer(Math.max(0, bytes.length - DIGEST)));
    bytes.copy(body);
    const intact = bytes.length >= DIGEST && body.length % RECORD === 0;
    return intact && checksumOf(body) === checksumFromBytes(bytes.subarray(-DIGEST)) ? body : Buffer.alloc(0);
  } catch (error) {
    if (isKernelError(error, "ENOENT")) return Buffer.alloc(0);
    throw error;
  }
}
