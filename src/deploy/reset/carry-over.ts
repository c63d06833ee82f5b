/** Taking files and directories from one live directory to another, with everything the kernel knows of them. */
import { type ByteString, fromText, toBytes } from "../../bytes.ts";
import type { Durable } from "../../durable.ts";
import { AtomicError } from "../../errors.ts";
import {
  AT_FDCWD,
  close,
  fstat,
  isKernelError,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_RDONLY,
  open,
  openAt,
  readDirectory,
  S_IFDIR,
  S_IFMT,
  statIfExists,
  withFd,
} from "../../linux/index.ts";
import { createSpecial, metaOf, readInode } from "../../ostree/index.ts";

const READ_DIRECTORY = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
const READ_FILE = O_RDONLY | O_NOFOLLOW | O_NONBLOCK;
/** Far above any tree of configuration or data; deeper nesting is a loop of bind mounts. */
const MAX_DEPTH = 256;

export interface CarryRequest {
  /** Absolute paths of two directories. */
  from: string;
  to: string;
  /** What to take, below `from`, without a leading slash. */
  path: string;
}

/**
 * Copies `path` and all below it, replacing what `to` has there; missing parents are made as `from` has them. Sockets
 * belong to running programs and are left out. No symlink is followed on either side. Nothing is synced.
 * @returns false when `from` has nothing there
 * @throws AtomicError conflict when a parent is no directory in `to`; no-space, io
 */
export function carryOver(disk: Durable, { from, to, path }: CarryRequest): boolean {
  const names = path.split("/").map(fromText);
  const last = names.pop()!;
  const opened = [open(from, READ_DIRECTORY)];
  try {
    let target: Buffer = Buffer.from(to);
    for (const name of names) {
      const fd = openIfDirectory(opened.at(-1)!, name);
      if (fd === undefined) return false;
      opened.push(fd);
      target = below(target, name);
      makeParent(disk, fd, target);
    }
    return carry(disk, { fd: opened.at(-1)!, name: last, target: below(target, last), depth: 0 });
  } finally {
    for (const fd of opened) close(fd);
  }
}

function openIfDirectory(fd: number, name: ByteString): number | undefined {
  try {
    return openAt(fd, toBytes(name), READ_DIRECTORY);
  } catch (error) {
    if (isKernelError(error, "ENOENT", "ENOTDIR", "ELOOP")) return undefined;
    throw error;
  }
}

function makeParent(disk: Durable, fd: number, target: Buffer): void {
  const found = statIfExists(AT_FDCWD, target);
  if (found === undefined) {
    disk.mkdir(target, 0o700);
    disk.setMetadata(target, metaOf(fd, "." as ByteString, fstat(fd)));
  } else if ((found.mode & S_IFMT) !== S_IFDIR) {
    throw new AtomicError(
      "conflict",
      `carrying over to ${target.toString()}: expected a directory, found something else`,
    );
  }
}

interface Source {
  /** The directory that holds it. */
  fd: number;
  name: ByteString;
  target: Buffer;
  depth: number;
}

function carry(disk: Durable, { fd, name, target, depth }: Source): boolean {
  if (depth > MAX_DEPTH) {
    throw new AtomicError("invalid", `carrying over ${target.toString()}: more than ${MAX_DEPTH} directories deep`);
  }
  const bytes = toBytes(name);
  const stat = statIfExists(fd, bytes);
  if (stat === undefined) return false;
  if ((stat.mode & S_IFMT) === S_IFDIR) {
    withFd(openAt(fd, bytes, READ_DIRECTORY), (directory) =>
      carryDirectory(disk, { fd: directory, name, target, depth }),
    );
    return true;
  }
  const node = readInode(fd, name, stat);
  if (node.kind === "socket") return false;
  disk.removeTree(target);
  if (node.kind === "file") withFd(openAt(fd, bytes, READ_FILE), (file) => disk.copy(file, target, 0o600));
  else createSpecial(disk, node, target);
  disk.setMetadata(target, node);
  return true;
}

/** @param source its `fd` is the directory itself */
function carryDirectory(disk: Durable, { fd, target, depth }: Source): void {
  disk.removeTree(target);
  disk.mkdir(target, 0o700);
  for (const { name } of readDirectory(fd)) carry(disk, { fd, name, target: below(target, name), depth: depth + 1 });
  disk.setMetadata(target, metaOf(fd, "." as ByteString, fstat(fd)));
}

function below(directory: Buffer, name: ByteString): Buffer {
  return Buffer.concat([directory, Buffer.from("/"), toBytes(name)]);
}
