/** Taking a live file's bytes into a transaction: read once, both digests in the same pass. */
import { type ByteString, toPath, toText } from "../bytes.ts";
import { AtomicError } from "../errors.ts";
import {
  close,
  fstat,
  O_NOFOLLOW,
  O_RDONLY,
  openAt2,
  read,
  RESOLVE_BENEATH,
  RESOLVE_NO_SYMLINKS,
  type Stat,
} from "../linux/index.ts";
import { verityOf } from "../verity.ts";
import { createContentStager } from "./content-stager.ts";
import type { ContentDigests } from "./stat-cache.ts";
import { stageBytes, type Transaction } from "./transaction.ts";

/** Files up to this size are read whole; larger ones are streamed in pieces of it. Bytes. */
const CHUNK = 1 << 20;

/** Stores the content of the regular file at `path`, which the scan saw as `stat`. */
export type Ingest = (path: ByteString, stat: Stat) => ContentDigests;

/**
 * The `Ingest` for files below `rootFd`; it reuses one buffer.
 * It throws AtomicError conflict when the file changed since the scan, and as the kernel refuses.
 */
export function createIngest(transaction: Transaction, rootFd: number): Ingest {
  const buffer = Buffer.allocUnsafe(CHUNK);
  return (path, stat) => {
    const fd = openAt2(rootFd, toPath(path), {
      flags: O_RDONLY | O_NOFOLLOW,
      resolve: RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
    });
    try {
      if (!sameVersion(fstat(fd), stat)) throw changed(path);
      const ingest = stat.size <= CHUNK ? ingestWhole : ingestStream;
      const digests = ingest(transaction, { fd, stat, buffer });
      if (digests === undefined || !sameVersion(fstat(fd), stat)) throw changed(path);
      return digests;
    } finally {
      close(fd);
    }
  };
}

interface OpenFile {
  fd: number;
  stat: Stat;
  /** Of `CHUNK` bytes. */
  buffer: Buffer;
}

/** @returns undefined when the file does not have the size the scan saw */
function ingestWhole(transaction: Transaction, { fd, stat, buffer }: OpenFile): ContentDigests | undefined {
  const bytes = buffer.subarray(0, stat.size);
  if (read(fd, bytes) !== stat.size) return undefined;
  return { checksum: stageBytes(transaction, bytes, "file"), verity: verityOf(bytes) };
}

/** @returns undefined when the file does not have the size the scan saw */
function ingestStream(
  transaction: Transaction,
  { fd, stat: { size, ino }, buffer }: OpenFile,
): ContentDigests | undefined {
  const content = createContentStager(transaction, String(ino));
  let taken = 0;
  try {
    for (let count = read(fd, buffer); count > 0; count = read(fd, buffer)) {
      content.write(buffer.subarray(0, count));
      taken += count;
    }
  } catch (error) {
    content.abandon();
    throw error;
  }
  if (taken === size) return content.finish();
  content.abandon();
  return undefined;
}

function sameVersion(a: Stat, b: Stat): boolean {
  return (
    a.ino === b.ino &&
    a.dev === b.dev &&
    a.size === b.size &&
    a.mtime === b.mtime &&
    a.mtimeNsec === b.mtimeNsec &&
    a.ctime === b.ctime &&
    a.ctimeNsec === b.ctimeNsec
  );
}

function changed(path: ByteString): AtomicError {
  return new AtomicError("conflict", `committing ${toText(path)}: it changed while it was read`);
}
