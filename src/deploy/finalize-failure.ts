/** `atomic/finalize-failure.json`: why the last attempt to finalize failed, for the boot of the old host that follows. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { isAtomicError } from "../errors.ts";
import { isKernelError, readFile } from "../linux/index.ts";
import type { Sysroot } from "./sysroot.ts";

export interface FinalizeFailure {
  /** Seconds since the epoch. */
  time: number;
  /** One line. */
  reason: string;
}

const MAX_SIZE = 64 * 1024;
const MAX_REASON = 4000;

/** The failure since something was staged, if there was one; what is not a record is none. */
export function readFinalizeFailure(sysroot: Sysroot): FinalizeFailure | undefined {
  try {
    const text = readFile(failurePath(sysroot), MAX_SIZE).toString("utf8");
    const { time, reason } = JSON.parse(text) as { time?: unknown; reason?: unknown };
    return typeof time === "number" && typeof reason === "string" ? { time, reason } : undefined;
  } catch (error) {
    if (isAtomicError(error, "not-found") || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Records why finalizing failed. Where even that cannot be written, the reason for it is that of the failure itself. */
export function recordFinalizeFailure(sysroot: Sysroot, { time, reason }: FinalizeFailure): void {
  const text = `${JSON.stringify({ time, reason: reason.slice(0, MAX_REASON) })}\n`;
  try {
    sysroot.disk.replaceFile(failurePath(sysroot), Buffer.from(text), 0o644);
  } catch (error) {
    if (!isKernelError(error)) throw error;
  }
}

/** Removes the record, if there is one. */
export function forgetFinalizeFailure(sysroot: Sysroot): void {
  const path = failurePath(sysroot);
  if (!existsSync(path)) return;
  sysroot.disk.unlink(path);
  sysroot.disk.fsyncDirectory(join(sysroot.path, "atomic"));
}

function failurePath(sysroot: Sysroot): string {
  return join(sysroot.path, "atomic/finalize-failure.json");
}
