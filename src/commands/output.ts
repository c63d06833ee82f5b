/**
 * Writing to the standard streams.
 *
 * Writes are synchronous, so output is complete before the process ends and a closed pipe is noticed at once.
 */
import { writeSync } from "node:fs";
import { isTerminal, windowSize } from "../linux/index.ts";
import type { ProgressSink } from "../progress.ts";

/** Whoever read our output has gone (`atomic repo ls | head`): stop quietly. */
export class OutputClosed extends Error {}

/** Writes all of `data` to standard output. @throws OutputClosed when nobody reads it any more */
export function writeStdout(data: string | Uint8Array): void {
  try {
    writeAll(1, data);
  } catch (error) {
    if (hasCode(error, "EPIPE")) throw new OutputClosed("standard output was closed");
    throw error;
  }
}

/** Writes to standard error; a closed one is no reason to stop working. */
export function writeStderr(text: string): void {
  try {
    writeAll(2, text);
  } catch (error) {
    if (!hasCode(error, "EPIPE")) throw error;
  }
}

/** Standard error as a place to show progress. */
export function stderrSink(): ProgressSink {
  const isTTY = isTerminal(2);
  return {
    write: writeStderr,
    isTTY,
    columns: (isTTY ? windowSize(2)?.columns : 0) || COLUMNS,
    now: () => performance.now(),
  };
}

/** Of windows that do not say. */
const COLUMNS = 80;
const BUSY_WAIT_MS = 2;

function writeAll(fd: number, data: string | Uint8Array): void {
  let rest = typeof data === "string" ? Buffer.from(data, "utf8") : data;
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(fd, rest));
    } catch (error) {
      // The other end may have made the shared pipe or terminal non-blocking.
      if (!hasCode(error, "EAGAIN")) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BUSY_WAIT_MS);
    }
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
