import { fromText } from "./bytes.ts";
import type { Step } from "./durable-step.ts";
import {
  chownAt,
  fchmod,
  fstat,
  listXattrs,
  O_NOFOLLOW,
  O_PATH,
  open,
  type PathArg,
  removeXattr,
  S_IFLNK,
  S_IFMT,
  setXattr,
  utimensAt,
  withFd,
  type Xattr,
} from "./linux/index.ts";

/** What `setMetadata` changes; anything undefined stays. */
export interface Metadata {
  /** Permission bits (07777); ignored for a symlink. */
  mode?: number;
  uid?: number;
  gid?: number;
  /** Seconds since the epoch. */
  mtime?: number;
  mtimeNsec?: number;
  /** The whole set: others are removed. */
  xattrs?: readonly Xattr[];
}

interface Inode {
  path: PathArg;
  /** Opened with `O_PATH`. */
  fd: number;
}

const SELINUX_LABEL = fromText("security.selinux");
const FOLLOW = { follow: true };

/** Sets owner, mode, xattrs and time of what `path` itself names, in this order, each an operation. @throws KernelError */
export function setMetadata(step: Step, path: PathArg, metadata: Metadata): void {
  const { mode, uid, gid, mtime, mtimeNsec = 0, xattrs } = metadata;
  withFd(open(path, O_PATH | O_NOFOLLOW), (fd) => {
    if (uid !== undefined || gid !== undefined) {
      const owner = { ...(uid === undefined ? {} : { uid }), ...(gid === undefined ? {} : { gid }) };
      step({ kind: "chown", path, ...owner }, () => chownAt(fd, "", owner));
    }
    if (mode !== undefined && !isSymlink(fd)) step({ kind: "chmod", path, mode }, () => fchmod(fd, mode));
    if (xattrs !== undefined) setXattrs(step, { path, fd }, xattrs);
    if (mtime !== undefined)
      step({ kind: "utimens", path, mtime, mtimeNsec }, () => utimensAt(fd, "", { mtime, mtimeNsec }));
  });
}

function setXattrs(step: Step, { path, fd }: Inode, wanted: readonly Xattr[]): void {
  // O_PATH descriptors have no xattr calls; the magic link reaches the inode itself, a symlink included.
  const target = `/proc/self/fd/${fd}`;
  const present = new Map(listXattrs(target, FOLLOW).map(({ name, value }) => [name, value]));
  for (const { name, value } of wanted) {
    if (present.get(name) !== value)
      step({ kind: "setxattr", path, name, value }, () => setXattr(target, { name, value }, FOLLOW));
    present.delete(name);
  }
  // On a host with SELinux every file has a label, which cannot be removed.
  present.delete(SELINUX_LABEL);
  for (const name of present.keys()) step({ kind: "removexattr", path, name }, () => removeXattr(target, name, FOLLOW));
}

function isSymlink(fd: number): boolean {
  return (fstat(fd).mode & S_IFMT) === S_IFLNK;
}
