/**
 * Copying what a descriptor names into an open directory, name by name.
 *
 * Nothing here walks a path: every name is opened in a directory that is open already and is no symlink, so whoever
 * exchanges names meanwhile gets other things copied, but never from or to somewhere else (docs/decisions/0040).
 */
import { randomBytes } from "node:crypto";
import { chmodSync } from "node:fs";
import { type ByteString, toPath, toText } from "../../bytes.ts";
import { AtomicError } from "../../errors.ts";
import {
  chownAt,
  close,
  copyFile,
  fstat,
  isKernelError,
  listXattrs,
  mkdirAt,
  mknodAt,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_PATH,
  O_RDONLY,
  O_WRONLY,
  openAt2,
  read,
  readDirectory,
  readlinkAt,
  renameAt2,
  RESOLVE_BENEATH,
  RESOLVE_NO_SYMLINKS,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  setXattr,
  type Stat,
  statfs,
  statIfExists,
  symlinkAt,
  ftruncate,
  unlinkAt,
  utimensAt,
  write,
} from "../../linux/index.ts";

export interface CopyRules {
  /** Who owns what is made; undefined keeps owners, xattrs and set-id bits. */
  owner: { uid: number; gid: number } | undefined;
  /** Called for what is left out. @param path for messages */
  skipped: (path: string, why: string) => void;
}

/** Where a copy is. */
interface Copying {
  /** Of what is copied, for messages. */
  path: string;
  rules: CopyRules;
  depth?: number;
  /** The directory that the whole copy fills. */
  top?: Stat;
}

/** Each level holds two descriptors. */
const MAX_DEPTH = 400;
const SET_ID = 0o6000;
const BUFFER = 1 << 20;
const PRIVATE = 0o600;
const INSIDE = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
/** What the kernel makes up: proc, sysfs, cgroup, cgroup2, devpts, mqueue, debugfs, tracefs, securityfs, bpf. */
const MADE_UP = [
  0x9fa0, 0x62656572, 0x27e0eb, 0x63677270, 0x1cd1, 0x19800202, 0x64626720, 0x74726163, 0x73636673, 0xcafe4a11,
];

/** Opens a name of an open directory, never through a symlink. */
function openInside(directoryFd: number, name: ByteString, flags: number, mode = 0): number {
  return openAt2(directoryFd, toPath(name), { flags: flags | O_NOFOLLOW, mode, resolve: INSIDE });
}

/**
 * Copies an inode under a name; a directory is merged into one that is there.
 * @param fromFd of the inode, `O_PATH` is enough
 * @param path for messages
 * @throws AtomicError conflict when a directory and something else would take each other's place, and as the kernel does
 */
export function copyInode(
  fromFd: number,
  to: { directoryFd: number; name: ByteString },
  { path, rules, depth = 0, top }: Copying,
): void {
  const stat = fstat(fromFd);
  const present = statIfExists(to.directoryFd, toPath(to.name));
  const isDirectory = typeOf(stat) === S_IFDIR;
  if (present !== undefined && isDirectory !== (typeOf(present) === S_IFDIR)) {
    const [one, other] = isDirectory ? ["a directory", "none"] : ["no directory", "one"];
    throw new AtomicError("conflict", `copying ${path}: it is ${one}, and what has its name there is ${other}`);
  }
  if (isDirectory) {
    if (present === undefined) mkdirAt(to.directoryFd, toPath(to.name), 0o700);
    const toFd = openInside(to.directoryFd, to.name, O_RDONLY | O_DIRECTORY);
    try {
      copyContents(fromFd, toFd, { path, rules, depth, ...(top === undefined ? {} : { top }) });
      if (present === undefined) setMeta(toFd, stat, { fromFd, rules });
    } finally {
      close(toFd);
    }
    return;
  }
  replace(
    to,
    (name) => makeInode(fromFd, stat, { directoryFd: to.directoryFd, name, path, rules }),
    () => {
      if (typeOf(stat) === S_IFREG) overwrite(fromFd, to);
      else throw new AtomicError("conflict", `copying ${path}: something is mounted on its name there`);
    },
  );
}

/** Copies what is in a directory into another. @param fromFd of the directory, `O_PATH` is enough */
export function copyContents(fromFd: number, toFd: number, { path, rules, depth = 0, top }: Copying): void {
  if (depth > MAX_DEPTH)
    throw new AtomicError("invalid", `copying ${path}: more than ${MAX_DEPTH} directories in each other`);
  if (MADE_UP.includes(statfs(`/proc/self/fd/${fromFd}`).type)) return rules.skipped(path, "the kernel makes it up");
  const listFd = openAt2(fromFd, ".", { flags: O_RDONLY | O_DIRECTORY, resolve: INSIDE });
  try {
    const own = top ?? fstat(toFd);
    for (const { name } of readDirectory(listFd)) {
      const below = `${path.replace(/\/$/, "")}/${toText(name)}`;
      const childFd = openIfThere(listFd, name);
      if (childFd === undefined) continue;
      try {
        const { dev, ino } = fstat(childFd);
        if (dev === own.dev && ino === own.ino)
          throw new AtomicError("conflict", `copying ${below}: it would be copied into itself`);
        copyInode(childFd, { directoryFd: toFd, name }, { path: below, rules, depth: depth + 1, top: own });
      } finally {
        close(childFd);
      }
    }
  } finally {
    close(listFd);
  }
}

/** Makes something new under a name of its own, and gives it the wanted one in one step. */
function replace(
  to: { directoryFd: number; name: ByteString },
  make: (name: ByteString) => boolean,
  whenMounted: () => void,
): void {
  const temporary = `.atomic-cp-${randomBytes(8).toString("hex")}` as ByteString;
  const { directoryFd } = to;
  try {
    if (!make(temporary)) return;
    renameAt2({ dirFd: directoryFd, path: temporary as string }, { dirFd: directoryFd, path: toPath(to.name) });
  } catch (error) {
    if (statIfExists(directoryFd, temporary as string) !== undefined) unlinkAt(directoryFd, temporary as string);
    if (!isKernelError(error, "EBUSY")) throw error;
    whenMounted();
  }
}

interface NewInode {
  directoryFd: number;
  name: ByteString;
  path: string;
  rules: CopyRules;
}

/** @returns false when it is left out */
function makeInode(fromFd: number, stat: Stat, { directoryFd, name, path, rules }: NewInode): boolean {
  const type = typeOf(stat);
  if (type === S_IFREG) {
    const toFd = openInside(directoryFd, name, O_WRONLY | O_CREAT | O_EXCL, PRIVATE);
    try {
      withContent(fromFd, (contentFd) => copyBytes(contentFd, toFd));
      setMeta(toFd, stat, { fromFd, rules });
    } finally {
      close(toFd);
    }
    return true;
  }
  if (type === S_IFLNK) symlinkAt(toPath(readlinkAt(fromFd, "")), directoryFd, toPath(name));
  else if (type === S_IFIFO) mknodAt(directoryFd, toPath(name), { mode: S_IFIFO | PRIVATE, rdev: 0 });
  else {
    // On the other side a device would be the host's, or a door to it.
    rules.skipped(path, "it is a device or socket");
    return false;
  }
  const madeFd = openInside(directoryFd, name, O_PATH);
  try {
    setMeta(madeFd, stat, { fromFd, rules });
  } finally {
    close(madeFd);
  }
  return true;
}

/** Something is mounted on the file, as on a container's /etc/hosts: its bytes are replaced. */
function overwrite(fromFd: number, { directoryFd, name }: { directoryFd: number; name: ByteString }): void {
  const toFd = openInside(directoryFd, name, O_WRONLY | O_NONBLOCK);
  try {
    if (typeOf(fstat(toFd)) !== S_IFREG) throw new AtomicError("conflict", `copying to ${toText(name)}: it is no file`);
    ftruncate(toFd, 0);
    withContent(fromFd, (contentFd) => copyBytes(contentFd, toFd));
  } finally {
    close(toFd);
  }
}

/** Opens the very inode for reading: the magic link of a descriptor leads nowhere else. */
function withContent(fromFd: number, use: (fd: number) => void): void {
  const fd = openAt2(fromFd, `/proc/self/fd/${fromFd}`, { flags: O_RDONLY | O_NONBLOCK, resolve: 0 });
  try {
    use(fd);
  } finally {
    close(fd);
  }
}

/** Files that the kernel makes up have no size: they are read to their end. */
function copyBytes(fromFd: number, toFd: number): void {
  if (fstat(fromFd).size > 0) return copyFile(fromFd, toFd);
  const buffer = Buffer.allocUnsafe(BUFFER);
  for (let count = read(fromFd, buffer); count > 0; count = read(fromFd, buffer))
    write(toFd, buffer.subarray(0, count));
}

/** Owner before mode, which a change of owner takes set-id bits from. */
function setMeta(fd: number, stat: Stat, { fromFd, rules: { owner } }: { fromFd: number; rules: CopyRules }): void {
  chownAt(fd, "", owner ?? stat);
  if (typeOf(stat) !== S_IFLNK)
    chmodSync(`/proc/self/fd/${fd}`, stat.mode & (owner === undefined ? 0o7777 : 0o7777 & ~SET_ID));
  if (owner === undefined) {
    for (const xattr of listXattrs(`/proc/self/fd/${fromFd}`, { follow: true }))
      if (isCopied(xattr.name)) setXattr(`/proc/self/fd/${fd}`, xattr, { follow: true });
  }
  utimensAt(fd, "", stat);
}

/** Those that mean the same on both sides. */
function isCopied(name: ByteString): boolean {
  return name.startsWith("user.") || name === "security.capability" || name.startsWith("system.posix_acl_");
}

function openIfThere(directoryFd: number, name: ByteString): number | undefined {
  try {
    return openInside(directoryFd, name, O_PATH);
  } catch (error) {
    if (isKernelError(error, "ENOENT")) return undefined; // gone since it was listed
    throw error;
  }
}

function typeOf({ mode }: Stat): number {
  return mode & S_IFMT;
}
