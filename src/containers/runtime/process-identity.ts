/** Telling whether a process that was noted once is still there. */
import { readFileSync } from "node:fs";
import { close, isKernelError, pidfdOpen, pidfdSendSignal } from "../../linux/index.ts";

/** A process that another of the same number is not mistaken for. */
export interface ProcessIdentity {
  pid: number;
  /** When it was started, in ticks since boot, as /proc/PID/stat has it. */
  startTime: string;
}

/** The process of that number; undefined when there is none, or only its status is left to be collected. */
export function identify(pid: number): ProcessIdentity | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch {
    return undefined;
  }
  // Field 3 is the state, 22 the start time; the name before may hold anything, blanks and parentheses too.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, startTime] = [fields[0], fields[19]];
  return startTime === undefined || state === "Z" || state === "X" ? undefined : { pid, startTime };
}

/** Whether that very process is still there. */
export function isAlive(process: ProcessIdentity | undefined): boolean {
  return process !== undefined && identify(process.pid)?.startTime === process.startTime;
}

/** Sends a signal to that very process. @returns false when it is gone */
export function signalProcess(process: ProcessIdentity, signal: number): boolean {
  const fd = openProcess(process);
  if (fd === undefined) return false;
  try {
    pidfdSendSignal(fd, signal);
    return true;
  } catch (error) {
    if (isKernelError(error, "ESRCH")) return false;
    throw error;
  } finally {
    close(fd);
  }
}

/** A descriptor of that very process; undefined when it is gone. */
export function openProcess(process: ProcessIdentity): number | undefined {
  let fd: number;
  try {
    fd = pidfdOpen(process.pid);
  } catch (error) {
    if (isKernelError(error, "ESRCH")) return undefined;
    throw error;
  }
  if (isAlive(process)) return fd;
  close(fd);
  return undefined;
}
