/** Failed kernel calls as errors a user can read. */
import type { ErrorCode } from "../errors.ts";
import { AtomicError } from "../errors.ts";
import { cFunction, errnoNumbers, lastErrno } from "./libc.ts";
import type { PathArg } from "./path.ts";
import { shownAt, shownPath } from "./path.ts";

/** A kernel call that failed. */
export class KernelError extends AtomicError {
  /** The errno's name, as `ENOENT`. */
  readonly errno: string;

  constructor(code: ErrorCode, errno: string, message: string) {
    super(code, message);
    this.name = "KernelError";
    this.errno = errno;
  }
}

/** True when `error` is a failed kernel call, with one of the given errno names if any are given. */
export function isKernelError(error: unknown, ...errnos: string[]): error is KernelError {
  return error instanceof KernelError && (errnos.length === 0 || errnos.includes(error.errno));
}

/** What a failed call was about. */
export interface Failure {
  /** The open file, or the directory `path` starts at. */
  fd?: number | undefined;
  path?: PathArg | undefined;
  /** The second path of a rename or link. */
  to?: PathArg | undefined;
  /** What the kernel or filesystem lacks when it answers that it does not know the request. */
  feature?: string | undefined;
  /** Codes this call gives an errno instead of the usual ones. */
  codes?: Readonly<Record<string, ErrorCode>> | undefined;
  /** Reasons this call gives for an errno instead of the C library's. */
  texts?: Readonly<Record<string, string>> | undefined;
  /** The errno's name; the last call's when left out. */
  errno?: string | undefined;
}

const CODES: Readonly<Record<string, ErrorCode>> = {
  ENOENT: "not-found",
  ENODATA: "not-found",
  EEXIST: "exists",
  ENOTEMPTY: "exists",
  ENOSPC: "no-space",
  EDQUOT: "no-space",
  EROFS: "read-only",
  EACCES: "permission",
  EPERM: "permission",
  ENOSYS: "unsupported",
  EOPNOTSUPP: "unsupported",
  ENOTTY: "unsupported",
  EBUSY: "conflict",
  ETXTBSY: "conflict",
  ELOOP: "invalid",
  ENAMETOOLONG: "invalid",
};

/** Second names of the same number; the first is the one manual pages use. */
const ALIASES = new Set(["EWOULDBLOCK", "ENOTSUP", "EDEADLOCK"]);

/**
 * The error for a call that just failed: `<doing> <path>: <errno text> (<errno>)`.
 * @param doing present participle: "opening"
 */
export function failure(doing: string, about: Failure = {}): KernelError {
  const number = about.errno === undefined ? lastErrno() : (errnoNumbers()[about.errno] ?? 0);
  const errno = about.errno ?? errnoName(number);
  const code = about.codes?.[errno] ?? CODES[errno] ?? "io";
  const subject = [doing, shownAt(about.fd, about.path), about.to === undefined ? "" : `to ${shownPath(about.to)}`];
  const lacking = errno === "ENOSYS" || errno === "ENODEV" ? "kernel" : "filesystem";
  const reason =
    code === "unsupported" && about.feature !== undefined
      ? `${about.feature} is not supported by this ${lacking}`
      : (about.texts?.[errno] ?? errnoText(number));
  return new KernelError(code, errno, `${subject.filter((word) => word !== "").join(" ")}: ${reason} (${errno})`);
}

/** The errno's name, as manual pages have it. */
export function errnoName(number: number): string {
  const names = Object.entries(errnoNumbers());
  return names.find(([name, value]) => value === number && !ALIASES.has(name))?.[0] ?? `errno ${number}`;
}

const strerror = cFunction<[number], string>("const char *strerror(int)");
function errnoText(number: number): string {
  const text = strerror(number);
  return text.charAt(0).toLowerCase() + text.slice(1);
}
