/** What a launch program says when a step fails, as an error a user can read. */
import { AtomicError } from "../../errors.ts";
import { errnoName, failure } from "../errno.ts";
import { recordIndex } from "./image.ts";
import { MAX_RECORDS } from "./layout.ts";
import type { Program } from "./program.ts";

/** In the place of a process's status: it was ended because it took too long. */
export const TOOK_TOO_LONG = 0x10000;

/** The name of each record's step, as `launchFailure` wants it. */
export function recordSteps({ instructions, steps }: Program): string[] {
  return instructions.map(({ step }) => steps[step]!);
}

/**
 * The error that a failure cell's 16 bytes stand for: `mounting /proc: operation not permitted (EPERM)`. A number above
 * zero instead of a negative errno is the status of a process that the step waited for, as wait4(2) gives it.
 * @param steps the name of each record's step
 * @throws Error when no record of the program is at that address
 */
export function launchFailure(steps: readonly string[], cell: Buffer): AtomicError {
  const index = recordIndex(cell.readBigUInt64LE(0), MAX_RECORDS);
  const step = index === undefined ? undefined : steps[index];
  if (step === undefined) throw new Error(`the launch program failed at 0x${cell.toString("hex", 0, 8)}`);
  const result = Number(cell.readBigInt64LE(8));
  if (result > 0) return new AtomicError("child-failed", `${step}: ${ending(result)}`);
  return failure(step, { errno: errnoName(-result) });
}

function ending(status: number): string {
  if (status === TOOK_TOO_LONG) return "it took too long";
  const signal = status & 0x7f;
  return signal === 0 ? `it exited with ${(status >> 8) & 0xff}` : `signal ${signal} killed it`;
}
