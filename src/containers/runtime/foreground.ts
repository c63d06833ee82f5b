/** Running a program of a container as if it were this process. */
import { constants } from "node:os";
import type { Launched } from "../launch/start.ts";
import { identify, signalProcess } from "./process-identity.ts";

const FORWARDED = ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2"] as const;
const LONG_MS = 60_000;

/**
 * Launches a program, and until it has ended sends it the signals that this process gets, from the first instant on.
 * @throws AtomicError what `launch` does
 */
export function inForeground<T extends Launched>(launch: () => T): T {
  let target: ReturnType<typeof identify>;
  const forward = (signal: NodeJS.Signals) => {
    if (target !== undefined) signalProcess(target, constants.signals[signal]);
  };
  for (const signal of FORWARDED) process.on(signal, forward);
  // A launch program does not keep this process alive by itself.
  const alive = setInterval(() => undefined, LONG_MS);
  const stop = () => {
    clearInterval(alive);
    for (const signal of FORWARDED) process.off(signal, forward);
  };
  try {
    const launched = launch();
    // No signal is handled before this function has returned.
    target = launched.pid === undefined ? undefined : identify(launched.pid);
    return { ...launched, ended: launched.ended.finally(stop) };
  } catch (error) {
    stop();
    throw error;
  }
}
