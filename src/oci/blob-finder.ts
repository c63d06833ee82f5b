/** Finding the files of an image that lies in a directory or a tar archive. */
import { resolve } from "node:path";
import { toText } from "../bytes.ts";
import { AtomicError } from "../errors.ts";
import { AT_FDCWD, statAt, statIfExists, S_IFDIR, S_IFMT, S_IFREG } from "../linux/index.ts";
import { type BlobFile, readBlob } from "./layer/blob-file.ts";
import { createTarReader } from "./tar/read-tar.ts";

/** The file at a path inside the image's directory or archive. */
export type FindBlob = (path: string) => BlobFile | undefined;

/** No archive of an image has more. */
const MAX_MEMBERS = 100_000;

/** The files below a directory. @throws AtomicError not-found */
export function findInDirectory(directory: string): FindBlob {
  const base = resolve(directory);
  if (((statIfExists(AT_FDCWD, base)?.mode ?? 0) & S_IFMT) !== S_IFDIR)
    throw new AtomicError("not-found", `opening image ${directory}: no such directory`, {
      hint: `ls -ld ${directory}`,
    });
  return (path) => {
    const full = `${base}/${path}`;
    const stat = statIfExists(AT_FDCWD, full);
    return stat === undefined || (stat.mode & S_IFMT) !== S_IFREG
      ? undefined
      : { path: full, offset: 0, size: stat.size };
  };
}

/**
 * The files in a tar archive, which is read through once. Links in it are followed: `docker save` makes them.
 * @throws AtomicError not-found, invalid, unsupported (compressed)
 */
export function findInArchive(archive: string): FindBlob {
  const path = resolve(archive);
  if (((statIfExists(AT_FDCWD, path)?.mode ?? 0) & S_IFMT) !== S_IFREG)
    throw new AtomicError("not-found", `opening image ${archive}: no such file`, { hint: `ls -l ${archive}` });
  const members = new Map<string, BlobFile | { target: string }>();
  const reader = createTarReader(({ name, type, size, target, contentAt }) => {
    if (members.size >= MAX_MEMBERS)
      throw new AtomicError("invalid", `opening image ${archive}: more than ${MAX_MEMBERS} files`);
    const own = clean(toText(name));
    if (type === "file") members.set(own, { path, offset: contentAt, size });
    else if (type === "hardlink") members.set(own, { target: clean(toText(target)) });
    else if (type === "symlink") members.set(own, { target: beside(own, toText(target)) });
    return undefined;
  });
  const { size } = statAt(AT_FDCWD, path);
  for (const chunk of readBlob({ path, offset: 0, size })) {
    refuseCompressed(chunk, archive);
    reader.write(chunk);
  }
  reader.end();
  return (name) => {
    const found = members.get(name);
    const member = found !== undefined && "target" in found ? members.get(found.target) : found;
    return member === undefined || "target" in member ? undefined : member;
  };
}

/** The whole of a small file. @throws AtomicError not-found, invalid when it is larger than `max` */
export function readWhole(find: FindBlob, path: string, { max, what }: { max: number; what: string }): Buffer {
  const blob = find(path);
  if (blob === undefined) throw new AtomicError("not-found", `reading ${what}: it has no ${path}`);
  if (blob.size > max) throw new AtomicError("invalid", `reading ${what}: ${path} has more than ${max} bytes`);
  return Buffer.concat([...readBlob(blob)].map((chunk) => Buffer.from(chunk)));
}

function refuseCompressed(chunk: Uint8Array, archive: string): void {
  if (chunk[0] !== 0x1f || chunk[1] !== 0x8b) return;
  throw new AtomicError("unsupported", `opening image ${archive}: the archive is compressed`, {
    hint: `gunzip ${archive}`,
  });
}

function clean(name: string): string {
  return name.replace(/^(?:\.?\/)+/, "");
}

/** Where a relative link leads that is in the archive as `name`. */
function beside(name: string, target: string): string {
  return resolve("/", name, "..", target).slice(1);
}
