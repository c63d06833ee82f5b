/** Running a launch program. */
import { close, type LaunchArch, launchExecutable, pipe, type Program, read, sealedMemfd } from "../../linux/index.ts";
import { startProgram } from "../../spawn.ts";
import { MESSAGE_SIZE, readReport, type Report } from "./report.ts";

export interface Launched extends Report {
  /** Resolves when the launch program ends: at once, or with the exit status of the container it watches. */
  ended: Promise<number>;
}

/** Descriptors of the launch program: standard input, output and error, then those the container keeps. */
export type Descriptors = readonly [number, number, number, ...number[]];

/**
 * Runs `program` and returns once the container's program has taken over, waits to be started, or something failed.
 * The launch program is in a sealed memory file: the container cannot change it, whatever it reaches through /proc
 * (CVE-2019-5736).
 * @param more descriptors of the launch program after the one it reports to
 */
export function startLaunch(program: Program, descriptors: Descriptors, more: readonly number[] = []): Launched {
  const executable = sealedMemfd("launch", launchExecutable(program, process.arch as LaunchArch));
  const report = pipe();
  let ended: Promise<number>;
  try {
    ended = startProgram(`/proc/self/fd/${executable}`, [...descriptors, report.write, ...more]);
  } finally {
    close(report.write);
    close(executable);
  }
  try {
    return { ...readReport(program, readToEnd(report.read)), ended };
  } finally {
    close(report.read);
  }
}

const MAX_MESSAGES = 16;

function readToEnd(fd: number): Buffer {
  const messages = Buffer.alloc(MAX_MESSAGES * MESSAGE_SIZE);
  return messages.subarray(0, read(fd, messages));
}
