/** Ending containers. */
import { constants } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { AtomicError, isAtomicError } from "../../errors.ts";
import { freezeCgroups, killCgroups } from "../cgroup/processes.ts";
import { parseContainerId } from "../runtime/container-id.ts";
import { killContainer, parseSignal } from "../runtime/kill.ts";
import { pauseContainer } from "../runtime/pause.ts";
import { type Engine, runtimeState } from "./place.ts";
import { type NamedContainer, runtimeRecord } from "./record.ts";
import { settleContainer } from "./settle.ts";
import { isRunning, namedStatus } from "./status.ts";
import { stopSignal } from "./stop-signal.ts";
import { noteStopped } from "./stopped.ts";
import { stopUnit } from "./unit.ts";

const POLL_MS = 10;
/** How long whoever watched the container may take to write down how it ended. */
const EXIT_PATIENCE = 2;
const UNKNOWN_EXIT = 255;

/** Sends a signal to the container's program; killed so, its policy does not start it again. @throws AtomicError conflict when it does not run */
export function signalContainer(engine: Engine, container: NamedContainer, signal: number): void {
  const present = namedStatus(engine, container);
  if (!isRunning(present))
    throw new AtomicError("conflict", `sending a signal to container ${container.name}: it is ${present.status}`);
  const isEnd = signal === constants.signals.SIGKILL;
  if (isEnd) noteStopped(engine, container);
  killContainer(runtimeState(engine), parseContainerId(container.id), signal);
  if (isEnd && container.options.unit === true) stopUnit(container);
}

/**
 * Asks the container to end, and kills it after `seconds`.
 * @param inUnit systemd is stopping its unit
 * @param signal what asks it; its own stop signal if left out
 * @returns false when it had ended before
 * @throws AtomicError usage (no such signal)
 */
export async function stopContainer(
  engine: Engine,
  container: NamedContainer,
  { seconds, inUnit = false, signal }: { seconds: number; inUnit?: boolean; signal?: string },
): Promise<boolean> {
  const record = runtimeRecord(engine, container);
  const present = namedStatus(engine, container);
  const number = signal === undefined ? stopSignal(container) : parseSignal(signal);
  noteStopped(engine, container);
  if (record === undefined || !isRunning(present)) return false;
  signalContainer(engine, container, number);
  if (present.status === "paused") freezeCgroups(record.cgroups, false);
  if (!(await hasEnded(engine, container, seconds))) {
    killCgroups(record.cgroups);
    if (record.cgroups.length === 0) killContainer(runtimeState(engine), record.id, constants.signals.SIGKILL);
  }
  await exitOf(engine, container);
  if (container.options.unit === true && !inUnit) stopUnit(container);
  try {
    await settleContainer(engine, container);
  } catch (error) {
    if (!isAtomicError(error, "not-found")) throw error; // it was to be removed at its end
  }
  return true;
}

/** Waits for the container to end. @returns its exit status, 255 when nobody saw it end */
export async function waitForContainer(engine: Engine, container: NamedContainer): Promise<number> {
  await hasEnded(engine, container, Number.POSITIVE_INFINITY);
  return exitOf(engine, container);
}

/** Stops all processes where they are, or lets them go on. @throws AtomicError conflict, unsupported */
export function pauseNamed(engine: Engine, container: NamedContainer, paused: boolean): void {
  const { status } = namedStatus(engine, container);
  if (status !== (paused ? "running" : "paused")) {
    throw new AtomicError(
      "conflict",
      `${paused ? "pausing" : "resuming"} container ${container.name}: it is ${status}`,
    );
  }
  pauseContainer(runtimeState(engine), parseContainerId(container.id), paused);
}

async function hasEnded(engine: Engine, container: NamedContainer, seconds: number): Promise<boolean> {
  return poll(() => !isRunning(namedStatus(engine, container)), seconds);
}

/** The exit status of one that has ended. */
async function exitOf(engine: Engine, container: NamedContainer): Promise<number> {
  const exitCode = () => namedStatus(engine, container).exitCode;
  await poll(() => exitCode() !== undefined, EXIT_PATIENCE);
  return exitCode() ?? UNKNOWN_EXIT;
}

async function poll(condition: () => boolean, seconds: number): Promise<boolean> {
  const end = Date.now() + seconds * 1000;
  while (!condition()) {
    if (Date.now() >= end) return false;
    await sleep(POLL_MS);
  }
  return true;
}
