/**
 * How a failure reaches the user.
 */
import { isatty } from "node:tty";
import { AtomicError, EXIT, exitStatus } from "../errors.ts";
import { writeStderr, writeStdout } from "./output.ts";
import { printable } from "./render/printable.ts";

/**
 * Prints `error` and returns the exit status it stands for.
 *
 * `error: MESSAGE` and `hint: COMMAND` on standard error, or one JSON object on standard output. Anything but an
 * `AtomicError` is a bug and says so; its stack is printed when `ATOMIC_DEBUG=1`.
 */
export function reportError(error: unknown, json: boolean): number {
  const known = error instanceof AtomicError ? error : undefined;
  const code = known?.code ?? "bug";
  const message =
    known?.message ?? `this is a bug in atomic: ${error instanceof Error ? error.message : String(error)}`;
  const hint = known === undefined ? "run it again with ATOMIC_DEBUG=1 and report what it prints" : known.hint;
  if (json) {
    writeStdout(`${JSON.stringify({ error: { code, message, hint } }, null, 2)}\n`);
  } else if (code === "nothing-to-do") {
    writeStdout(`${printable(message)}\n`);
  } else {
    const overBar = isatty(2) ? "\r\x1b[K" : ""; // a progress bar may have been left there
    writeStderr(`${overBar}error: ${printable(message)}\n${hint === undefined ? "" : `hint: ${printable(hint)}\n`}`);
  }
  if (process.env["ATOMIC_DEBUG"] === "1" && error instanceof Error) writeStderr(`${stacks(error)}\n`);
  return known === undefined ? EXIT.failed : exitStatus(known.code);
}

/** The stack of an error and of everything that caused it. */
function stacks(error: Error): string {
  const own = error.stack ?? error.message;
  return error.cause instanceof Error ? `${own}\ncaused by: ${stacks(error.cause)}` : own;
}
