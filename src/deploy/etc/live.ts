/**
 * The live `/etc` of a deployment: scanned, and read file by file.
 *
 * Other programs write there at any time, so everything is reached by descriptors below the directory opened once, and
 * no symlink is followed.
 */
import { type ByteString, toBytes, toText } from "../../bytes.ts";
import { checksumOf, createHasher } from "../../digest.ts";
import type { Checksum } from "../../digest.ts";
import { AtomicError } from "../../errors.ts";
import {
  close,
  fstat,
  isKernelError,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_RDONLY,
  open,
  openAt,
  openAt2,
  read,
  readDirectory,
  RESOLVE_BENEATH,
  RESOLVE_NO_SYMLINKS,
  S_IFDIR,
  S_IFMT,
  S_IFREG,
  S_IFSOCK,
  statAt,
  withFd,
} from "../../linux/index.ts";
import { metaOf, readInode } from "../../ostree/index.ts";
import type { EtcDirectory, EtcNode } from "./tree.ts";

/** Runs of configuration files are far below this; deeper nesting is an attack or a loop of bind mounts. */
const MAX_DEPTH = 256;
const CHUNK = 1024 * 1024;
const READ_FILE = O_RDONLY | O_NOFOLLOW | O_NONBLOCK;
/** systemd's note of when `/etc` was last brought up to date: every new deployment has to run those services again. */
const UPDATED = ".updated";

/** An open `/etc`; close it with `closeEtc`. */
export interface LiveEtc {
  readonly fd: number;
  readonly root: EtcDirectory;
}

/**
 * Opens and scans the directory `path`, every file's content hashed. Sockets and systemd's `.updated` are left out: they
 * belong to the running system.
 * @throws AtomicError not-found, invalid
 */
export function openEtc(path: string): LiveEtc {
  const fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  try {
    const root = scan(fd, 0);
    root.children.delete(UPDATED as ByteString);
    return { fd, root };
  } catch (error) {
    close(fd);
    throw error;
  }
}

/** Gives up the directory; its scan stays valid. */
export function closeEtc({ fd }: LiveEtc): void {
  close(fd);
}

/**
 * Opens a regular file of the live `/etc` for reading; the caller closes it.
 * @throws AtomicError conflict when something else is there now
 */
export function openEtcFile({ fd }: LiveEtc, path: ByteString): number {
  const resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
  const file = openAt2(fd, toBytes(path), { flags: READ_FILE, resolve });
  if ((fstat(file).mode & S_IFMT) === S_IFREG) return file;
  close(file);
  throw new AtomicError("conflict", `reading /etc/${toText(path)}: it is no longer a regular file`, {
    hint: "repeat the command",
  });
}

/** The content of a regular file of the live `/etc`. @throws AtomicError conflict; invalid above `max` bytes */
export function readEtcFile(etc: LiveEtc, path: ByteString, max: number): Buffer {
  return withFd(openEtcFile(etc, path), (fd) => {
    const { size } = fstat(fd);
    if (size > max) {
      throw new AtomicError("invalid", `reading /etc/${toText(path)}: expected at most ${max} bytes, found ${size}`);
    }
    const bytes = Buffer.allocUnsafe(size);
    return bytes.subarray(0, read(fd, bytes));
  });
}

function scan(fd: number, depth: number): EtcDirectory {
  if (depth > MAX_DEPTH) throw new AtomicError("invalid", `scanning /etc: more than ${MAX_DEPTH} directories deep`);
  const root: EtcDirectory = { kind: "directory", ...metaOf(fd, "." as ByteString, fstat(fd)), children: new Map() };
  for (const { name } of readDirectory(fd)) {
    const node = unlessGone(() => scanEntry(fd, name, depth));
    if (node !== undefined) root.children.set(name, node);
  }
  return root;
}

function scanEntry(dirFd: number, name: ByteString, depth: number): EtcNode | undefined {
  const bytes = toBytes(name);
  const stat = statAt(dirFd, bytes);
  const type = stat.mode & S_IFMT;
  if (type === S_IFSOCK) return undefined;
  if (type === S_IFDIR) {
    return withFd(openAt(dirFd, bytes, O_RDONLY | O_DIRECTORY | O_NOFOLLOW), (fd) => scan(fd, depth + 1));
  }
  const node = readInode(dirFd, name, stat);
  if (node.kind !== "file") return node;
  return withFd(openAt(dirFd, bytes, READ_FILE), (fd) => ({ ...node, ...hashFile(fd, stat.size) }));
}

/** Size and checksum of what is read, even if the file grows meanwhile. */
function hashFile(fd: number, expected: number): { size: number; checksum: Checksum } {
  const buffer = Buffer.allocUnsafe(Math.min(CHUNK, expected + 1));
  let count = read(fd, buffer);
  if (count < buffer.length) return { size: count, checksum: checksumOf(buffer.subarray(0, count)) };
  const hasher = createHasher();
  let size = 0;
  for (; count > 0; count = read(fd, buffer)) {
    hasher.update(buffer.subarray(0, count));
    size += count;
  }
  return { size, checksum: hasher.digest() };
}

/** A file that disappears between two calls is simply not there. */
function unlessGone<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (isKernelError(error, "ENOENT")) return undefined;
    throw error;
  }
}
