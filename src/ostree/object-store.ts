/** Reading objects: what is read is checked against its name first. */
import { type Checksum, checksumOf, createHasher } from "../digest.ts";
import { AtomicError } from "../errors.ts";
import {
  AT_FDCWD,
  close,
  fstat,
  isKernelError,
  O_NOFOLLOW,
  O_RDONLY,
  open,
  read,
  readFile,
  statIfExists,
} from "../linux/index.ts";
import { MAX_METADATA_BYTES } from "./cbor-reader.ts";
import { type Commit, parseCommit } from "./commit-object.ts";
import { type Dirtree, parseDirtree } from "./dirtree.ts";
import { objectPath, type ObjectType } from "./object-path.ts";
import type { Repo } from "./repo.ts";

const CHUNK = 1 << 20;

/** The absolute path of an object. */
export function objectFile(repo: Repo, checksum: Checksum, type: ObjectType): string {
  return repo.incoming?.(checksum, type) ?? `${repo.path}/objects/${objectPath(checksum, type)}`;
}

/** The size in bytes of an object on disk, or undefined when the store lacks it. */
export function objectSize(repo: Repo, checksum: Checksum, type: ObjectType): number | undefined {
  return statIfExists(AT_FDCWD, objectFile(repo, checksum, type))?.size;
}

/** Opens a file object for reading, unchecked. The caller closes it. @throws AtomicError not-found */
export function openObject(repo: Repo, checksum: Checksum, type: ObjectType = "file"): number {
  try {
    return open(objectFile(repo, checksum, type), O_RDONLY | O_NOFOLLOW);
  } catch (error) {
    throw isKernelError(error, "ENOENT") ? missing(repo, checksum, type) : error;
  }
}

/**
 * The bytes of an object, checked against its name.
 * @param max the most bytes the caller can use
 * @throws AtomicError not-found, corrupt, invalid (larger than `max`)
 */
export function readObject(repo: Repo, checksum: Checksum, type: ObjectType, max = MAX_METADATA_BYTES): Buffer {
  let bytes: Buffer;
  try {
    bytes = readFile(objectFile(repo, checksum, type), max);
  } catch (error) {
    throw isKernelError(error, "ENOENT") ? missing(repo, checksum, type) : error;
  }
  const found = checksumOf(bytes);
  if (found !== checksum) throw corrupt(repo, checksum, type, found);
  return bytes;
}

/** BLAKE3 and size of an object's bytes as they are on disk. @throws AtomicError not-found */
export function measureObject(repo: Repo, checksum: Checksum, type: ObjectType): { checksum: Checksum; size: number } {
  try {
    return measureFile(objectFile(repo, checksum, type));
  } catch (error) {
    throw isKernelError(error, "ENOENT") ? missing(repo, checksum, type) : error;
  }
}

/** BLAKE3 and size of a file, streamed. @throws KernelError */
export function measureFile(path: string): { checksum: Checksum; size: number } {
  const fd = open(path, O_RDONLY | O_NOFOLLOW);
  try {
    const { size } = fstat(fd);
    const buffer = Buffer.allocUnsafe(Math.min(size, CHUNK));
    if (size <= CHUNK) return { checksum: checksumOf(buffer.subarray(0, read(fd, buffer))), size };
    const hasher = createHasher();
    for (let count = read(fd, buffer); count > 0; count = read(fd, buffer)) hasher.update(buffer.subarray(0, count));
    return { checksum: hasher.digest(), size };
  } finally {
    close(fd);
  }
}

/** The dirtree of that checksum. @throws AtomicError not-found, corrupt, invalid */
export function readDirtree(repo: Repo, checksum: Checksum): Dirtree {
  return parseDirtree(readObject(repo, checksum, "dirtree"));
}

/** The commit of that checksum. @throws AtomicError not-found, corrupt, invalid, unsupported */
export function readCommit(repo: Repo, checksum: Checksum): Commit {
  return parseCommit(readObject(repo, checksum, "commit"));
}

function missing(repo: Repo, checksum: Checksum, type: ObjectType): AtomicError {
  return new AtomicError("not-found", `reading ${type} ${checksum}: not in ${repo.path}`, {
    hint: `atomic repo fsck --repo ${repo.path}`,
  });
}

function corrupt(repo: Repo, checksum: Checksum, type: ObjectType, found: Checksum): AtomicError {
  return new AtomicError("corrupt", `reading ${type} from ${repo.path}: expected ${checksum}, found ${found}`, {
    hint: `atomic repo fsck --repo ${repo.path} --repair --from OTHER`,
  });
}
