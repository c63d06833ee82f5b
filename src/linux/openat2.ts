/**
 * Opening a path that came from elsewhere, confined to a directory by the kernel.
 * Spec: openat2(2)
 */
import { failure } from "./errno.ts";
import { O_CLOEXEC } from "./flags.ts";
import { cFunction, lastErrno } from "./libc.ts";
import type { PathArg } from "./path.ts";
import { cPath } from "./path.ts";

const SYS_openat2 = 437;
const syscall = cFunction<[number, number, Uint8Array, Uint8Array, number]>(
  "long syscall(long, int, const void *, const void *, size_t)",
);

/** Fail when a mount point is crossed. */
export const RESOLVE_NO_XDEV = 0x01;
/** Fail on any symlink. */
export const RESOLVE_NO_SYMLINKS = 0x04;
/** Fail when the path leaves the directory. */
export const RESOLVE_BENEATH = 0x08;
/** Treat the directory as the root: `/` and `..` stay inside. */
export const RESOLVE_IN_ROOT = 0x10;

export interface OpenHow {
  /** `O_*`; close-on-exec is always added. */
  flags: number;
  /** Permission bits of a file made with `O_CREAT`; 0 without. */
  mode?: number;
  /** `RESOLVE_*`. */
  resolve: number;
}

const EINTR = 4;
const EAGAIN = 11;
/** A walk through `..` that raced with a rename is repeated this often. */
const ATTEMPTS = 100;

const TEXTS = { EXDEV: "it leads outside the directory or onto another mount", ELOOP: "it passes through a symlink" };

/**
 * Opens `path` relative to `dirFd` under the given restrictions.
 * @throws KernelError invalid when the path breaks a restriction (ELOOP, EXDEV), conflict when that is only
 * `RESOLVE_NO_XDEV`, unsupported before Linux 5.6, and others
 */
export function openAt2(dirFd: number, path: PathArg, how: OpenHow): number {
  // struct open_how: three u64; every value fits in the low half
  const words = new Uint32Array(6);
  words[0] = how.flags | O_CLOEXEC;
  words[2] = how.mode ?? 0;
  words[4] = how.resolve;
  const name = cPath(path);
  const bytes = new Uint8Array(words.buffer);
  for (let attempt = 1; ; attempt++) {
    const fd = syscall(SYS_openat2, dirFd, name, bytes, bytes.length);
    if (fd >= 0) return fd;
    const errno = lastErrno();
    if (errno === EINTR || (errno === EAGAIN && attempt < ATTEMPTS)) continue;
    const confined = (how.resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT)) !== 0;
    const codes = { EXDEV: confined ? "invalid" : "conflict" } as const;
    throw failure("opening", { fd: dirFd, path, feature: "openat2", codes, texts: TEXTS });
  }
}
