/** What a launch program says when a step fails, as an error a user can read. */
import type { AtomicError } from "../../errors.ts";
import { errnoName, failure } from "../errno.ts";
import { recordIndex } from "./image.ts";
import type { Program } from "./program.ts";

/**
 * The error that a failure cell's 16 bytes stand for: `mounting /proc: operation not permitted (EPERM)`.
 * @throws Error when no record of the program is at that address
 */
export function launchFailure(program: Program, cell: Buffer): AtomicError {
  const index = recordIndex(cell.readBigUInt64LE(0), program.instructions.length);
  const instruction = index === undefined ? undefined : program.instructions[index];
  if (instruction === undefined) throw new Error(`the launch program failed at 0x${cell.toString("hex", 0, 8)}`);
  return failure(program.steps[instruction.step]!, { errno: errnoName(-Number(cell.readBigInt64LE(8))) });
}
