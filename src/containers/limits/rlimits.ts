/** Resource limits, cut down to what this host allows. */
import { type Rlimit, RLIMIT_TYPES } from "../spec/process.ts";

/** A limit as prlimit(2) takes it. */
export interface KernelRlimit {
  /** `RLIMIT_*` as a number. */
  resource: number;
  soft: bigint;
  hard: bigint;
}

export const RLIM_INFINITY = (1n << 64n) - 1n;
/** From here on a configuration means no limit. */
const INFINITE = 2 ** 63;
/** The rows of /proc/self/limits, in its order, by the numbers of the limits. */
const ROWS: readonly string[] = [
  "cpu time",
  "file size",
  "data size",
  "stack size",
  "core file size",
  "resident set",
  "processes",
  "open files",
  "locked memory",
  "address space",
  "file locks",
  "pending signals",
  "msgqueue size",
  "nice priority",
  "realtime priority",
  "realtime timeout",
];

/** The hard limits of this process by number. @param limits /proc/self/limits */
export function parseHardLimits(limits: string): bigint[] {
  return ROWS.map((row) => {
    const hard = new RegExp(`^Max ${row} +(?:\\d+|unlimited) +(\\d+|unlimited) `, "m").exec(limits)?.[1];
    return hard === undefined || hard === "unlimited" ? RLIM_INFINITY : BigInt(hard);
  });
}

/**
 * What the kernel will take of `wanted`: only CAP_SYS_RESOURCE may raise a hard limit.
 * @param hardLimits those of this process; undefined when it has CAP_SYS_RESOURCE
 * @returns the limits, and a warning for each that was lowered
 */
export function clampRlimits(
  wanted: readonly Rlimit[],
  hardLimits: readonly bigint[] | undefined,
): { rlimits: KernelRlimit[]; warnings: string[] } {
  const warnings: string[] = [];
  const rlimits = wanted.map(({ type, soft, hard }) => {
    const resource = RLIMIT_TYPES.indexOf(type);
    const most = hardLimits?.[resource] ?? RLIM_INFINITY;
    const [wantedSoft, wantedHard] = [kernelValue(soft), kernelValue(hard)];
    if (wantedHard > most) warnings.push(`${type}: this host allows ${most} instead of ${shown(wantedHard)}`);
    return { resource, soft: lower(wantedSoft, most), hard: lower(wantedHard, most) };
  });
  return { rlimits, warnings };
}

function kernelValue(value: number): bigint {
  return value >= INFINITE ? RLIM_INFINITY : BigInt(value);
}

function lower(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function shown(value: bigint): string {
  return value === RLIM_INFINITY ? "no limit" : String(value);
}
