/**
 * What a commit learned of each file, so that the next commit of the same directory need not read it again.
 *
 * A file counts as unchanged while its inode number, size, mtime and ctime are. Files whose ctime is not older than the
 * scan by a clear margin are left out: a later write could carry the same time stamp ("racy git").
 */
import { join } from "node:path";
import { type Checksum, checksumFromBytes, checksumOf, checksumToBytes } from "../digest.ts";
import { isKernelError, readFile, type Stat } from "../linux/index.ts";
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

const RECORD = 104;
const DIGEST = 32;
const MAX_CACHE = 512 * 1024 * 1024;
/** Seconds by which a ctime must precede the scan to be trusted. */
const MARGIN = 1;

/** Opens the cache that belongs to the directory `root` describes; a damaged or absent one is empty. */
export function openStatCache(repo: Repo, root: Stat): StatCache {
  const path = join(repo.path, "cache", `stat-${root.dev}-${root.ino}`);
  const scanned = Date.now() / 1000;
  const records = load(path);
  const index = new Map<number, number>();
  for (let at = 0; at < records.length; at += RECORD) index.set(records.readDoubleLE(at), at);
  const key = Buffer.alloc(RECORD);

  return {
    get(stat) {
      const at = typeof stat.ino === "bigint" ? undefined : index.get(stat.ino);
      if (at === undefined) return undefined;
      writeKey(key, 0, stat);
      if (key.compare(records, at, at + RECORD - 2 * DIGEST, 0, RECORD - 2 * DIGEST) !== 0) return undefined;
      const digests = at + RECORD - 2 * DIGEST;
      return {
        checksum: checksumFromBytes(records.subarray(digests, digests + DIGEST)),
        verity: checksumFromBytes(records.subarray(digests + DIGEST, digests + 2 * DIGEST)),
      };
    },
    save(seen) {
      const kept = [...seen].filter(({ stat }) => stat.ctime < scanned - MARGIN && typeof stat.ino === "number");
      const bytes = Buffer.alloc(kept.length * RECORD + DIGEST);
      kept.forEach(({ stat, digests }, i) => {
        writeKey(bytes, i * RECORD, stat);
        bytes.write(digests.checksum, (i + 1) * RECORD - 2 * DIGEST, "hex");
        bytes.write(digests.verity, (i + 1) * RECORD - DIGEST, "hex");
      });
      const body = bytes.subarray(0, -DIGEST);
      if (body.equals(records)) return;
      bytes.set(checksumToBytes(checksumOf(body)), body.length);
      replaceUnsynced(repo, path, bytes);
    },
  };
}

function writeKey(out: Buffer, at: number, stat: Stat): void {
  out.writeDoubleLE(Number(stat.ino), at);
  out.writeDoubleLE(stat.size, at + 8);
  out.writeDoubleLE(stat.mtime, at + 16);
  out.writeDoubleLE(stat.ctime, at + 24);
  out.writeUInt32LE(stat.mtimeNsec, at + 32);
  out.writeUInt32LE(stat.ctimeNsec, at + 36);
}

function load(path: string): Buffer {
  try {
    const bytes = readFile(path, MAX_CACHE);
    const body = bytes.subarray(0, -DIGEST);
    const intact = bytes.length >= DIGEST && body.length % RECORD === 0;
    return intact && checksumOf(body) === checksumFromBytes(bytes.subarray(-DIGEST)) ? body : Buffer.alloc(0);
  } catch (error) {
    if (isKernelError(error, "ENOENT")) return Buffer.alloc(0);
    throw error;
  }
}

/** No fsync: the trailing checksum tells a torn cache, and losing it costs one slow commit. */
function replaceUnsynced({ disk }: Repo, path: string, bytes: Buffer): void {
  disk.removeTree(`${path}.new`);
  const file = disk.create(`${path}.new`, 0o600);
  try {
    file.write(bytes);
  } finally {
    file.close();
  }
  disk.rename(`${path}.new`, path);
}
