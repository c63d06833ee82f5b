/** What a filter returns to the kernel, and which of several rules wins. */
import { AtomicError } from "../../errors.ts";
import type { SeccompAction } from "../spec/seccomp.ts";

/** `SECCOMP_RET_*` of seccomp(2). */
const RETURNS: Readonly<Record<SeccompAction, number>> = {
  SCMP_ACT_KILL: 0,
  SCMP_ACT_KILL_THREAD: 0,
  SCMP_ACT_KILL_PROCESS: 0x8000_0000,
  SCMP_ACT_TRAP: 0x0003_0000,
  SCMP_ACT_ERRNO: 0x0005_0000,
  SCMP_ACT_NOTIFY: 0x7fc0_0000,
  SCMP_ACT_TRACE: 0x7ff0_0000,
  SCMP_ACT_LOG: 0x7ffc_0000,
  SCMP_ACT_ALLOW: 0x7fff_0000,
};
export const RETURN_KILL_PROCESS = RETURNS.SCMP_ACT_KILL_PROCESS;
const ACTION_BITS = 0xffff_0000;
const EPERM = 1;
const ENOSYS = 38;
export const RETURN_ENOSYS = RETURNS.SCMP_ACT_ERRNO + ENOSYS;
/** The kernel's highest errno. */
const MAX_ERRNO = 4095;

/**
 * The value a filter returns for `action`.
 * @param errno for ERRNO and TRACE; EPERM without it
 * @throws AtomicError invalid when it is no errno
 */
export function returnValue(action: SeccompAction, errno = EPERM): number {
  if (action !== "SCMP_ACT_ERRNO" && action !== "SCMP_ACT_TRACE") return RETURNS[action];
  if (errno > MAX_ERRNO) {
    throw new AtomicError("invalid", `making a seccomp filter: expected an errno up to ${MAX_ERRNO}, found ${errno}`);
  }
  return RETURNS[action] + errno;
}

/** Sorts the strictest first, in the order the kernel has between filters. */
export function compareStrictness(a: number, b: number): number {
  return strictness(a) - strictness(b);
}

/** The kernel compares the actions as signed numbers, so that KILL_PROCESS comes first. */
function strictness(value: number): number {
  return (value & ACTION_BITS) | 0;
}
