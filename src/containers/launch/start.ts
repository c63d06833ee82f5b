/** Running a launch program. */
import { writeFileSync } from "node:fs";
import {
  close,
  type LaunchArch,
  launchExecutable,
  pipe,
  type Program,
  read,
  recordSteps,
  sealedMemfd,
} from "../../linux/index.ts";
import { startProgram } from "../../spawn.ts";
import { MESSAGE_SIZE, readReport, type Report } from "./report.ts";

export interface Launched extends Report {
  /** Resolves when the launch program ends: at once, or with the exit status of the container it watches. */
  ended: Promise<number>;
}

/** Descriptors of the launch program: standard input, output and error, then those the container keeps. */
export type Descriptors = readonly [number, number, number, ...number[]];

export interface LaunchOptions {
  /** Descriptors of the launch program after the one it reports to. */
  more?: readonly number[];
  /** Path of a file that is to hold the program. */
  copy?: string;
  /** Called when the container waits for the host's hooks, with its process ID; it goes on by its FIFO. */
  atHooks?: (pid: number) => void;
}

/**
 * Runs `program` and returns once the container's program has taken over, waits to be started, or something failed.
 * The launch program is in a sealed memory file: the container cannot change it, whatever it reaches through /proc
 * (CVE-2019-5736).
 * @throws AtomicError when it cannot be started; what `atHooks` does
 */
export function startLaunch(program: Program, descriptors: Descriptors, options: LaunchOptions = {}): Launched {
  const { more = [], copy, atHooks } = options;
  const content = launchExecutable(program, process.arch as LaunchArch);
  if (copy !== undefined) writeFileSync(copy, content, { mode: 0o600 });
  const executable = sealedMemfd("launch", content);
  const report = pipe();
  let ended: Promise<number>;
  try {
    ended = startProgram(`/proc/self/fd/${executable}`, [...descriptors, report.write, ...more]);
  } finally {
    close(report.write);
    close(executable);
  }
  try {
    return { ...readReport(recordSteps(program), () => nextMessage(report.read), atHooks), ended };
  } finally {
    close(report.read);
  }
}

/** The next message of a launch program; undefined at their end. */
export function nextMessage(fd: number): Buffer | undefined {
  const message = Buffer.alloc(MESSAGE_SIZE);
  return read(fd, message) === MESSAGE_SIZE ? message : undefined;
}
