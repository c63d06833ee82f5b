/** Walking a tree depth-first with one descriptor open at a time, however deep it is. */
import type { ByteString } from "../bytes.ts";
import { compareBytes, fromBytes, fromText, toBytes } from "../bytes.ts";
import { AtomicError } from "../errors.ts";
import { DT, readDirectory } from "./directory.ts";
import { close, openAt } from "./files.ts";
import { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } from "./flags.ts";
import { openAt2, RESOLVE_NO_SYMLINKS, RESOLVE_NO_XDEV } from "./openat2.ts";
import type { PathArg } from "./path.ts";
import { AT_FDCWD, shownPath } from "./path.ts";
import { fstat, S_IFDIR, S_IFMT, statAt } from "./stat.ts";

export interface Visited {
  /** The open directory that holds the entry, valid during the visit. */
  dirFd: number;
  name: ByteString;
  /** The path walked, and below it. */
  path: Buffer;
  isDirectory: boolean;
}

interface Level {
  name: ByteString;
  path: ByteString;
  ino: number | bigint;
  dev: number;
  /** Still to visit, last first. */
  names: { name: ByteString; isDirectory: boolean }[];
}

const FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;

/**
 * Visits everything below the directory `root`, in bytewise order, a directory after what it holds. The visitor may
 * remove what it is shown. Symlinks are not followed.
 * @throws KernelError conflict at a mount point, and others; AtomicError conflict when a directory is moved meanwhile
 */
export function visitPostOrder(root: PathArg, visit: (entry: Visited) => void): void {
  let fd = openAt(AT_FDCWD, root, FLAGS);
  const enter = (next: number): void => {
    close(fd);
    fd = next;
  };
  try {
    const rootPath = typeof root === "string" ? fromText(root) : fromBytes(root);
    const levels = [openLevel(fd, rootPath, rootPath)];
    for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
      const entry = level.names.pop();
      if (entry?.isDirectory === true) {
        const { name } = entry;
        enter(openAt2(fd, toBytes(name), { flags: FLAGS, resolve: RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS }));
        levels.push(openLevel(fd, name, `${level.path}/${name}` as ByteString));
      } else if (entry !== undefined) {
        const path = Buffer.from(`${level.path}/${entry.name}`, "latin1");
        visit({ dirFd: fd, name: entry.name, path, isDirectory: false });
      } else {
        levels.pop();
        const parent = levels.at(-1);
        if (parent === undefined) return;
        enter(openAt(fd, "..", FLAGS));
        checkSame(fd, parent);
        visit({ dirFd: fd, name: level.name, path: toBytes(level.path), isDirectory: true });
      }
    }
  } finally {
    close(fd);
  }
}

function openLevel(fd: number, name: ByteString, path: ByteString): Level {
  const { ino, dev } = fstat(fd);
  const names = readDirectory(fd).map((entry) => ({
    name: entry.name,
    isDirectory: entry.type === DT.unknown ? isDirectory(fd, entry.name) : entry.type === DT.directory,
  }));
  return { name, path, ino, dev, names: names.sort((a, b) => compareBytes(b.name, a.name)) };
}

function isDirectory(dirFd: number, name: ByteString): boolean {
  return (statAt(dirFd, toBytes(name)).mode & S_IFMT) === S_IFDIR;
}

function checkSame(fd: number, expected: Level): void {
  const { ino, dev } = fstat(fd);
  if (ino === expected.ino && dev === expected.dev) return;
  throw new AtomicError("conflict", `walking ${shownPath(toBytes(expected.path))}: it was moved meanwhile`);
}
