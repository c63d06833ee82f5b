/** Sending signals to containers. */
import { constants } from "node:os";
import { AtomicError } from "../../errors.ts";
import { killCgroups } from "../cgroup/processes.ts";
import type { ContainerId } from "./container-id.ts";
import { signalProcess } from "./process-identity.ts";
import { readRecord } from "./record.ts";
import { containerStatus } from "./state.ts";

const MAX_SIGNAL = 64;

/** The number of a signal: `15`, `TERM`, `SIGTERM`. @throws AtomicError usage */
export function parseSignal(text: string): number {
  const upper = text.toUpperCase();
  const name = upper.startsWith("SIG") ? upper : `SIG${upper}`;
  const realTime = /^SIGRTMIN(?:\+(\d{1,2}))?$/.exec(name);
  const number = /^\d{1,2}$/.test(text)
    ? Number(text)
    : realTime !== null
      ? 34 + Number(realTime[1] ?? 0)
      : (constants.signals as Partial<Record<string, number>>)[name];
  if (number === undefined || number < 0 || number > MAX_SIGNAL)
    throw new AtomicError("usage", `there is no signal ${JSON.stringify(text)}`, { hint: "kill -l" });
  return number;
}

/**
 * Sends `signal` to the container's first process, or to all of its processes.
 * @throws AtomicError not-found, conflict when it is not running
 */
export function killContainer(state: string, id: ContainerId, signal: number, all = false): void {
  const record = readRecord(state, id);
  const status = containerStatus(state, record);
  const refused = new AtomicError("conflict", `killing the container ${id}: container not running, it is ${status}`);
  if (status === "stopped" || record.process === undefined) throw refused;
  if (all && signal === constants.signals.SIGKILL && record.cgroups.length > 0) killCgroups(record.cgroups);
  else if (!signalProcess(record.process, signal)) throw refused;
}
