/** Waiting for a process inside a container as if it were this one. */
import { constants } from "node:os";
import { identify, signalProcess } from "./process-identity.ts";

const FORWARDED = ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2"] as const;
const LONG_MS = 60_000;

/**
 * Waits for the end of a process, and sends it the signals that this one gets meanwhile.
 * @param pid the process's number on the host
 * @returns its exit status
 */
export async function waitInForeground(pid: number | undefined, ended: Promise<number>): Promise<number> {
  const target = pid === undefined ? undefined : identify(pid);
  const forward = (signal: NodeJS.Signals) => {
    if (target !== undefined) signalProcess(target, constants.signals[signal]);
  };
  for (const signal of FORWARDED) process.on(signal, forward);
  // A launch program does not keep this process alive by itself.
  const alive = setInterval(() => undefined, LONG_MS);
  try {
    return await ended;
  } finally {
    clearInterval(alive);
    for (const signal of FORWARDED) process.off(signal, forward);
  }
}
