/** Letting a created container run its program. */
import { unlinkSync } from "node:fs";
import { join } from "node:path";
import { AtomicError } from "../../errors.ts";
import { close, O_NONBLOCK, O_WRONLY, open, write } from "../../linux/index.ts";
import { START_FIFO } from "../launch/files.ts";
import type { ContainerId } from "./container-id.ts";
import { containerDirectory, readRecord } from "./record.ts";
import { containerStatus } from "./state.ts";

/** @throws AtomicError not-found, conflict when it is not waiting to be started */
export function startContainer(state: string, id: ContainerId): void {
  const record = readRecord(state, id);
  const status = containerStatus(state, record);
  if (status !== "created") throw new AtomicError("conflict", `starting the container ${id}: it is ${status}`);
  const path = join(containerDirectory(state, id), START_FIFO);
  const fifo = open(path, O_WRONLY | O_NONBLOCK); // fails when its reader has just died
  try {
    unlinkSync(path);
    write(fifo, Buffer.from("+"));
  } finally {
    close(fifo);
  }
}
