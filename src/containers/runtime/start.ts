/** Letting a created container run its program. */
import { readFileSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { AtomicError } from "../../errors.ts";
import {
  close,
  makeBlocking,
  O_NONBLOCK,
  O_RDONLY,
  O_WRONLY,
  open,
  readLaunchExecutable,
  write,
} from "../../linux/index.ts";
import { PROGRAM_FILE, REPORT_FIFO, START_FIFO } from "../launch/files.ts";
import { readReport } from "../launch/report.ts";
import { nextMessage } from "../launch/start.ts";
import type { ContainerId } from "./container-id.ts";
import { containerDirectory, readRecord } from "./record.ts";
import { containerStatus } from "./state.ts";

/**
 * Returns when the container's program has taken over.
 * @throws AtomicError not-found, invalid (it has no process), conflict when it is not waiting to be started; or what a step
 * met, such as a startContainer hook: then the container has ended
 */
export function startContainer(state: string, id: ContainerId): void {
  const record = readRecord(state, id);
  const status = containerStatus(state, record);
  if (status !== "created") throw new AtomicError("conflict", `starting the container ${id}: it is ${status}`);
  if (record.config.process?.args === undefined)
    throw new AtomicError("invalid", `starting the container ${id}: its configuration names no program (process.args)`);
  const file = (name: string) => join(containerDirectory(state, id), name);
  const fifo = open(file(START_FIFO), O_WRONLY | O_NONBLOCK); // fails when its reader has just died
  const reports = open(file(REPORT_FIFO), O_RDONLY | O_NONBLOCK);
  try {
    const { steps } = readLaunchExecutable(readFileSync(file(PROGRAM_FILE)));
    makeBlocking(reports);
    for (const name of [START_FIFO, REPORT_FIFO, PROGRAM_FILE]) unlinkSync(file(name));
    write(fifo, Buffer.from("+"));
    const { failure } = readReport(steps, () => nextMessage(reports));
    if (failure !== undefined) throw failure;
  } finally {
    close(fifo);
    close(reports);
  }
}
