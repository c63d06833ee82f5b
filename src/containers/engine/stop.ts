/** Ending containers. */
import { kill } from "node:process";
import { constants } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { AtomicError } from "../../errors.ts";
import { freezeCgroups, isFrozenCgroup, killCgroups } from "../cgroup/processes.ts";
import type { Engine } from "./place.ts";
import type { ContainerRecord } from "./record.ts";
import { containerStatus } from "./status.ts";

const POLL_MS = 10;

/** The number of a signal by name or number: `TERM`, `SIGTERM`, `15`. @throws AtomicError usage */
export function signalNumber(text: string): number {
  const upper = text.toUpperCase();
  const name = upper.startsWith("SIG") ? upper : `SIG${upper}`;
  const number = /^\d{1,2}$/.test(text) ? Number(text) : (constants.signals as Record<string, number>)[name];
  const realTime = /^SIGRTMIN\+(\d{1,2})$/.exec(name)?.[1];
  const found = realTime === undefined ? number : 34 + Number(realTime);
  if (found === undefined || found < 1 || found > 64) {
    throw new AtomicError("usage", `there is no signal ${JSON.stringify(text)}`, { hint: "kill -l" });
  }
  return found;
}

/** Sends a signal to the container's program. @throws AtomicError conflict when it does not run */
export function signalContainer(engine: Engine, record: ContainerRecord, signal: number): void {
  const { status } = containerStatus(engine, record);
  if ((status !== "running" && status !== "paused") || record.pid === undefined) {
    throw new AtomicError("conflict", `sending a signal to container ${record.name}: it is ${status}`);
  }
  kill(record.pid, signal);
}

/**
 * Asks the container to end, and kills it after `seconds`.
 * @returns false when it had ended before
 */
export async function stopContainer(engine: Engine, record: ContainerRecord, seconds: number): Promise<boolean> {
  const { status } = containerStatus(engine, record);
  if (status !== "running" && status !== "paused") return false;
  signalContainer(engine, record, signalNumber(record.stopSignal));
  if (status === "paused") freezeCgroups(record.cgroups, false);
  if (!(await hasEnded(engine, record, seconds))) killCgroups(record.cgroups);
  return true;
}

/** Waits for the container to end. @returns its exit status, 255 when nobody saw it end */
export async function waitForContainer(engine: Engine, record: ContainerRecord): Promise<number> {
  await hasEnded(engine, record, Number.POSITIVE_INFINITY);
  return containerStatus(engine, record).exitCode ?? 255;
}

/** Stops all processes where they are, or lets them go on. @throws AtomicError conflict, unsupported */
export function pauseNamed(engine: Engine, record: ContainerRecord, paused: boolean): void {
  const { status } = containerStatus(engine, record);
  if (status !== (paused ? "running" : "paused")) {
    throw new AtomicError("conflict", `${paused ? "pausing" : "resuming"} container ${record.name}: it is ${status}`);
  }
  if (isFrozenCgroup(record.cgroups) !== paused) freezeCgroups(record.cgroups, paused);
}

async function hasEnded(engine: Engine, record: ContainerRecord, seconds: number): Promise<boolean> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const { status } = containerStatus(engine, record);
    if (status !== "running" && status !== "paused") return true;
    if (Date.now() >= end) return false;
    await sleep(POLL_MS);
  }
}
