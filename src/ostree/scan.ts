/**
 * Reading a live directory: its inodes as a tree, and the regular files whose content is still to be read.
 *
 * Every directory is opened once without following symlinks; everything below is reached from that descriptor.
 */
import { type ByteString, compareBytes, toPath, toText } from "../bytes.ts";
import { AtomicError } from "../errors.ts";
import {
  close,
  listXattrsAt,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_RDONLY,
  openAt,
  fstat,
  readDirectory,
  readlinkAt,
  type Stat,
  statAt,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  S_IFSOCK,
} from "../linux/index.ts";
import { EMPTY_CHECKSUM, EMPTY_VERITY } from "./dirtree.ts";
import type { DirectoryNode, InodeMeta, InodeNode, RegularNode } from "./tree.ts";

/** A regular file found by the scan; its node carries the digests of no bytes until the content is read. */
export interface FoundFile {
  /** Path below the scanned directory, without a leading slash. */
  path: ByteString;
  stat: Stat;
  node: RegularNode;
}
export interface Scan {
  root: DirectoryNode;
  /** In depth-first order; a file with several names once. */
  files: FoundFile[];
}

/**
 * Scans the directory open at `fd`.
 * @throws AtomicError as the kernel refuses; invalid on an inode of unknown type
 */
export function scanDirectory(fd: number): Scan {
  const scan: { files: FoundFile[]; firstNames: Map<string, ByteString> } = { files: [], firstNames: new Map() };
  return { root: scanInto(fd, fstat(fd), "" as ByteString, scan), files: scan.files };
}

type State = { files: FoundFile[]; firstNames: Map<string, ByteString> };

function scanInto(fd: number, stat: Stat, path: ByteString, state: State): DirectoryNode {
  const root: DirectoryNode = { kind: "directory", ...metaOf(fd, "." as ByteString, stat), children: new Map() };
  const names = readDirectory(fd)
    .map(({ name }) => name)
    .sort(compareBytes);
  for (const name of names) {
    const childPath = (path === "" ? name : `${path}/${name}`) as ByteString;
    const child = statAt(fd, toPath(name));
    if ((child.mode & S_IFMT) === S_IFDIR) {
      const childFd = openAt(fd, toPath(name), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
      try {
        root.children.set(name, scanInto(childFd, child, childPath, state));
      } finally {
        close(childFd);
      }
      continue;
    }
    const id = `${child.dev}:${child.ino}`;
    const first = child.nlink > 1 ? state.firstNames.get(id) : undefined;
    if (first !== undefined) {
      root.children.set(name, { kind: "hardlink", target: `/${first}` as ByteString });
      continue;
    }
    if (child.nlink > 1) state.firstNames.set(id, childPath);
    const node = readInode(fd, name, child);
    if (node.kind === "file" && child.size > 0) state.files.push({ path: childPath, stat: child, node });
    root.children.set(name, node);
  }
  return root;
}

/**
 * One live inode that is not a directory, as the tree knows it.
 * A regular file carries its size and the digests of no bytes.
 * @throws AtomicError invalid on a directory or an unknown type
 */
export function readInode(dirFd: number, name: ByteString, stat: Stat): Exclude<InodeNode, DirectoryNode> {
  const meta = metaOf(dirFd, name, stat);
  switch (stat.mode & S_IFMT) {
    case S_IFREG:
      return { kind: "file", ...meta, size: stat.size, checksum: EMPTY_CHECKSUM, verity: EMPTY_VERITY };
    case S_IFLNK:
      return { kind: "symlink", ...meta, target: readlinkAt(dirFd, toPath(name)) };
    case S_IFCHR:
      return { kind: "character", ...meta, rdev: stat.rdev };
    case S_IFBLK:
      return { kind: "block", ...meta, rdev: stat.rdev };
    case S_IFIFO:
      return { kind: "fifo", ...meta };
    case S_IFSOCK:
      return { kind: "socket", ...meta };
    default:
      throw new AtomicError("invalid", `scanning ${toText(name)}: unknown file type ${stat.mode.toString(8)}`);
  }
}

/** The metadata of a live inode, xattrs included. */
export function metaOf(dirFd: number, name: ByteString, stat: Stat): InodeMeta {
  const { uid, gid, mtime, mtimeNsec } = stat;
  return {
    mode: stat.mode & 0o7777,
    uid,
    gid,
    mtime,
    mtimeNsec,
    xattrs: listXattrsAt(dirFd, name),
  };
}
