/**
 * What a launch program tells the process that started it: messages of 16 bytes on one descriptor.
 * A failure is the failure cell as the interpreter keeps it; anything else starts with one of these numbers.
 */
import { type AtomicError } from "../../errors.ts";
import { type Assembler, launchFailure, offsetFrom, type Slot, slotAt } from "../../linux/index.ts";

/** The container's first process exists; with its process ID. */
const PID = 1n;
/** Everything is set up, and the process waits to be started. */
const READY = 2n;
/** It waits for the host to run its hooks. */
const HOOKS = 3n;
export const MESSAGE_SIZE = 16;

export interface Report {
  /** Process ID of the container's first process on the host. */
  pid?: number;
  ready: boolean;
  failure?: AtomicError;
}

/** Sends the container's process ID. */
export function reportPid(asm: Assembler, fd: number, pid: Slot): void {
  asm.step("reporting the process ID");
  const message = asm.words([PID, 0]);
  asm.compute(pid, { store: slotAt(offsetFrom(message, 8)) });
  asm.call("write", [fd, message, MESSAGE_SIZE]);
}

/** Says that the container is set up. */
export function reportReady(asm: Assembler, fd: number): void {
  asm.step("reporting that the container is ready");
  asm.call("write", [fd, asm.words([READY, 0]), MESSAGE_SIZE]);
}

/** Says that the host's hooks may run. */
export function reportHooks(asm: Assembler, fd: number): void {
  asm.step("reporting that hooks may run");
  asm.call("write", [fd, asm.words([HOOKS, 0]), MESSAGE_SIZE]);
}

/** Sends the failure cell and ends the process. */
export function reportFailure(asm: Assembler, fd: number): void {
  asm.step("reporting a failure");
  asm.call("write", [fd, { kind: "failure" }, MESSAGE_SIZE], { onError: "ignore" });
  asm.call("exit_group", [FAILED], { onError: "ignore" });
}
/** The exit status of a launch program that failed. */
export const FAILED = 125;

/**
 * What the messages say; the first failure counts.
 * @param next the next message; undefined at their end
 * @param steps the name of each record's step
 * @param atHooks what is to be done when the container waits for the host's hooks
 */
export function readReport(
  steps: readonly string[],
  next: () => Buffer | undefined,
  atHooks?: (pid: number) => void,
): Report {
  const report: Report = { ready: false };
  let waits = false;
  for (let message = next(); message !== undefined; message = next()) {
    const kind = message.readBigUInt64LE();
    if (kind === PID) report.pid = Number(message.readBigUInt64LE(8));
    else if (kind === READY) report.ready = true;
    else if (kind === HOOKS) waits = true;
    else report.failure ??= launchFailure(steps, message);
    // The two are written by two processes, and either may be first.
    if (!waits || report.pid === undefined) continue;
    waits = false;
    atHooks?.(report.pid);
  }
  return report;
}
