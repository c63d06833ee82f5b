/** The only door to the kernel: synchronous calls, paths as text or bytes, failures as `KernelError`. */
export { attachDeviceProgram } from "./bpf.ts";
export { copyFile, reflink } from "./copy.ts";
export type { CopyRange } from "./copy.ts";
export { DT, mkdirAt, readDirectory } from "./directory.ts";
export type { DirectoryEntry } from "./directory.ts";
export { keepOnExec } from "./descriptor-flags.ts";
export { failure, isKernelError, KernelError } from "./errno.ts";
export type { Failure } from "./errno.ts";
export { executeProgram } from "./execute.ts";
export {
  close,
  fallocate,
  ftruncate,
  lseek,
  nextData,
  open,
  openAt,
  pread,
  pwrite,
  read,
  SEEK_CUR,
  SEEK_END,
  SEEK_SET,
  write,
} from "./files.ts";
export {
  O_CLOEXEC,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_PATH,
  O_RDONLY,
  O_RDWR,
  O_WRONLY,
} from "./flags.ts";
export { flock } from "./flock.ts";
export * from "./launch/index.ts";
export { linkAt, readlinkAt, symlinkAt, unlinkAt } from "./link.ts";
export type { Name } from "./link.ts";
export { chownAt, fchmod, utimensAt } from "./metadata.ts";
export { sealedMemfd } from "./memfd.ts";
export {
  MNT_DETACH,
  mount,
  MS_BIND,
  MS_NODEV,
  MS_NOSUID,
  MS_RDONLY,
  MS_REMOUNT,
  umount,
  UMOUNT_NOFOLLOW,
} from "./mount.ts";
export type { MountRequest } from "./mount.ts";
export { readMounts } from "./mountinfo.ts";
export type { MountEntry } from "./mountinfo.ts";
export { namesIn } from "./names-in.ts";
export {
  attribute,
  inNetworkNamespace,
  interfaceIndex,
  NETLINK_NETFILTER,
  NETLINK_ROUTE,
  NLM_F_CREATE,
  NLM_F_EXCL,
  openNetlink,
  talk,
} from "./netlink.ts";
export type { NetlinkMessage } from "./netlink.ts";
export { newMount } from "./new-mount.ts";
export { mknodAt } from "./node.ts";
export { openAt2, RESOLVE_BENEATH, RESOLVE_IN_ROOT, RESOLVE_NO_SYMLINKS, RESOLVE_NO_XDEV } from "./openat2.ts";
export type { OpenHow } from "./openat2.ts";
export { AT_FDCWD, shownPath } from "./path.ts";
export type { PathArg } from "./path.ts";
export { pidfdOpen, pidfdSendSignal } from "./pidfd.ts";
export { makeBlocking, pipe } from "./pipe.ts";
export { readFile, readFileIfExists } from "./read-file.ts";
export { visitPostOrder } from "./post-order.ts";
export type { Visited } from "./post-order.ts";
export { renameAt2 } from "./rename.ts";
export type { RenameMode } from "./rename.ts";
export {
  encodeDevice,
  fstat,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  S_IFSOCK,
  statAt,
  statIfExists,
} from "./stat.ts";
export type { Stat } from "./stat.ts";
export { statfs } from "./statfs.ts";
export type { FilesystemStatus } from "./statfs.ts";
export { fdatasync, fsync, posixFadvise, startWriteback, syncfs } from "./sync.ts";
export { makeRaw } from "./raw-terminal.ts";
export { isTerminal, openTerminal, setWindowSize, windowSize } from "./terminal.ts";
export type { Terminal, WindowSize } from "./terminal.ts";
export { enableVerity, measureVerity } from "./verity.ts";
export { getXattr, listXattrs, listXattrsAt, removeXattr, setXattr } from "./xattr.ts";
export type { Xattr, XattrOptions, XattrTarget } from "./xattr.ts";
export { withFd } from "./with-fd.ts";
