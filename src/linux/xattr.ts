/** Extended attributes, names and values as bytes. */
import type { ByteString } from "../bytes.ts";
import { compareBytes, toBytes, toPath } from "../bytes.ts";
import { failure } from "./errno.ts";
import { cFunction, lastErrno } from "./libc.ts";
import type { PathArg } from "./path.ts";
import { cPath, cString } from "./path.ts";

/** An inode: its path, or an open descriptor. */
export type XattrTarget = PathArg | number;
/** Whether a path's last component is followed when it is a symlink; no by default. */
export interface XattrOptions {
  follow?: boolean;
}
export interface Xattr {
  name: ByteString;
  value: ByteString;
}

type OnPath<Rest extends (number | Uint8Array)[]> = (path: Uint8Array, ...rest: Rest) => number;
type OnFd<Rest extends (number | Uint8Array)[]> = (fd: number, ...rest: Rest) => number;
/** The three forms of one call: on a path, on a path without following, on a descriptor. */
function forms<Rest extends (number | Uint8Array)[]>(verb: string, rest: string) {
  const follow: OnPath<Rest> = cFunction(`int64_t ${verb}xattr(const void *, ${rest})`);
  const nofollow: OnPath<Rest> = cFunction(`int64_t l${verb}xattr(const void *, ${rest})`);
  const onFd: OnFd<Rest> = cFunction(`int64_t f${verb}xattr(int, ${rest})`);
  return (target: XattrTarget, options: XattrOptions | undefined, ...args: Rest): number =>
    typeof target === "number"
      ? onFd(target, ...args)
      : (options?.follow === true ? follow : nofollow)(cPath(target), ...args);
}
const listCall = forms<[Uint8Array, number]>("list", "void *, size_t");
const getCall = forms<[Uint8Array, Uint8Array, number]>("get", "const void *, void *, size_t");
const setCall = forms<[Uint8Array, Uint8Array, number, number]>("set", "const void *, const void *, size_t, int");
const removeCall = forms<[Uint8Array]>("remove", "const void *");

const SYS_listxattrat = 465;
const AT_SYMLINK_NOFOLLOW = 0x100;
const listAt = cFunction<[number, number, Uint8Array, number, Uint8Array, number]>(
  "long syscall(long, int, const void *, int, void *, size_t)",
);
/** Learned from the first call; the kernel does not change under us. */
let lacksListAt = false;

const ENOSYS = 38;
const ENODATA = 61;
const EOPNOTSUPP = 95;
/** XATTR_LIST_MAX and XATTR_SIZE_MAX: no list and no value is longer. */
const LIMIT = 65536;
const NONE: readonly Xattr[] = [];
let scratch: Buffer | undefined;

/** Every xattr the caller may see, sorted bytewise by name; none on a filesystem without them. @throws KernelError */
export function listXattrs(target: XattrTarget, options?: XattrOptions): readonly Xattr[] {
  scratch ??= Buffer.alloc(LIMIT);
  const length = listCall(target, options, scratch, LIMIT);
  if (length === 0) return NONE;
  if (length < 0) {
    if (lastErrno() === EOPNOTSUPP) return NONE;
    throw failure("listing the xattrs of", where(target));
  }
  const names = scratch.toString("latin1", 0, length - 1).split("\0") as ByteString[];
  const xattrs: Xattr[] = [];
  for (const name of names.sort(compareBytes)) {
    const value = getXattr(target, name, options);
    if (value !== undefined) xattrs.push({ name, value });
  }
  return xattrs;
}

/**
 * Like `listXattrs` without following, for the name `path` in an open directory.
 * One call where the kernel has listxattrat (Linux 6.13), else through the directory's magic link.
 */
export function listXattrsAt(dirFd: number, path: ByteString): readonly Xattr[] {
  const reachable = toPath(`/proc/self/fd/${dirFd}/${path}` as ByteString);
  if (lacksListAt) return listXattrs(reachable);
  scratch ??= Buffer.alloc(LIMIT);
  const length = listAt(SYS_listxattrat, dirFd, cPath(toPath(path)), AT_SYMLINK_NOFOLLOW, scratch, LIMIT);
  if (length === 0) return NONE;
  if (length < 0 && lastErrno() === ENOSYS) lacksListAt = true;
  return listXattrs(reachable);
}

/** The value of one xattr; undefined when the inode does not have it. @throws KernelError */
export function getXattr(target: XattrTarget, name: ByteString, options?: XattrOptions): ByteString | undefined {
  scratch ??= Buffer.alloc(LIMIT);
  const length = getCall(target, options, cString(toBytes(name)), scratch, LIMIT);
  if (length >= 0) return scratch.toString("latin1", 0, length) as ByteString;
  const errno = lastErrno();
  if (errno === ENODATA || errno === EOPNOTSUPP) return undefined;
  throw failure("reading an xattr of", where(target));
}

/** Sets one xattr, replacing its value. @throws KernelError unsupported, no-space, permission and others */
export function setXattr(target: XattrTarget, xattr: Xattr, options?: XattrOptions): void {
  const value = toBytes(xattr.value);
  if (setCall(target, options, cString(toBytes(xattr.name)), value, value.length, 0) < 0)
    throw failure("setting an xattr of", { ...where(target), feature: `the xattr ${xattr.name}` });
}

/** Removes one xattr. @throws KernelError not-found when the inode does not have it, and others */
export function removeXattr(target: XattrTarget, name: ByteString, options?: XattrOptions): void {
  if (removeCall(target, options, cString(toBytes(name))) < 0) throw failure("removing an xattr of", where(target));
}

function where(target: XattrTarget): { fd: number } | { path: PathArg } {
  return typeof target === "number" ? { fd: target } : { path: target };
}
