/** Child processes: argv arrays, never a shell string; a failure says what ran and what it said last. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { startProcess } from "./bun.ts";
import { AtomicError } from "./errors.ts";

export interface RunOptions {
  /** Standard input; empty when left out. */
  input?: Uint8Array | string;
  /** The whole environment; the caller's own when left out. */
  env?: Readonly<Record<string, string>>;
  cwd?: string;
  /** What the program is told its own name is; `argv[0]` when left out. */
  argv0?: string;
  /** Milliseconds, after which the child is killed. */
  timeout?: number;
  /** Bytes of standard output, and of standard error, after which the child is killed. */
  maxOutput?: number;
  /** The Debian package that holds the program, for the hint when it is missing. */
  package?: string;
  /** How a status other than 0 is told, where the command line and all of standard error say too much. */
  explain?: (stderr: string) => Failure;
}

/** What the error of a failed child says. */
export interface Failure {
  /** What was attempted, as `pushing to DIR`. */
  doing: string;
  /** The part of standard error that says why. */
  reason: string;
  /** A command the user can run next. */
  hint?: string;
}

/** How a program ended that is expected to fail now and then. */
export interface Outcome {
  /** Absent when a signal or the time limit ended it, or when it could not be started. */
  status?: number;
  /** One line, as `exited with 1`. */
  ending: string;
  /** What it printed, standard error last. */
  output: string;
}

export interface RunResult {
  stdout: Buffer;
  stderr: string;
}

const MAX_OUTPUT = 16 * 1024 * 1024;
const SHOWN_COMMAND = 100;
const SHOWN_STDERR = 1024;

/**
 * Runs a program to its end and returns what it printed.
 * @throws AtomicError child-failed when it does not exit with 0, not-found when the program does not exist
 */
export function run(argv: readonly string[], options: RunOptions = {}): RunResult {
  const [program, ...args] = argv;
  if (program === undefined) throw new Error("run: empty argv");
  const { timeout, maxOutput = MAX_OUTPUT } = options;
  const child = spawnSync(program, args, {
    input: options.input ?? "",
    env: options.env ?? process.env,
    cwd: options.cwd,
    argv0: options.argv0 ?? program,
    timeout,
    maxBuffer: maxOutput,
    killSignal: "SIGKILL",
  });
  const doing = `running \`${shownCommand(argv)}\``;
  const error: NodeJS.ErrnoException | undefined = child.error;
  if (error?.code === "ENOENT") throw missing(doing, program, options);
  if (error?.code === "ETIMEDOUT") throw failed(`${doing}: was still running after ${timeout} ms`, child.stderr);
  if (error?.code === "ENOBUFS") throw failed(`${doing}: printed more than ${maxOutput} bytes`);
  if (error !== undefined) throw new AtomicError("child-failed", `${doing}: ${error.message}`, { cause: error });
  if (child.signal !== null) throw failed(`${doing}: was killed by ${child.signal}`, child.stderr);
  if (child.status !== 0) {
    const {
      doing: what,
      reason,
      hint,
    } = options.explain?.(child.stderr.toString("utf8")) ?? { doing, reason: child.stderr };
    throw failed(`${what}: exited with ${child.status}`, reason, hint);
  }
  return { stdout: child.stdout, stderr: child.stderr.toString("utf8") };
}

/** Runs a program to its end, within `timeout` milliseconds, whatever the end is. */
export function outcomeOf(argv: readonly [string, ...string[]], timeout: number): Outcome {
  const [program, ...args] = argv;
  const child = spawnSync(program, args, { input: "", timeout, maxBuffer: MAX_OUTPUT, killSignal: "SIGKILL" });
  const error: NodeJS.ErrnoException | undefined = child.error;
  const output = `${child.stdout?.toString("utf8") ?? ""}${child.stderr?.toString("utf8") ?? ""}`;
  if (error?.code === "ETIMEDOUT") return { ending: `was still running after ${timeout / 1000} s`, output };
  if (error?.code === "ENOBUFS") return { ending: `printed more than ${MAX_OUTPUT} bytes`, output };
  if (error !== undefined) return { ending: `could not be started: ${error.code}`, output };
  if (child.signal !== null) return { ending: `was killed by ${child.signal}`, output };
  const status = child.status ?? 0;
  return { status, ending: `exited with ${status}`, output };
}

/**
 * Starts a program that may outlive the caller. Descriptor n of the program is `descriptors[n]`; its environment is empty.
 * @returns its exit status, 128 and the signal where one killed it; rejected with child-failed when it does not start
 */
export async function startProgram(path: string, descriptors: readonly number[]): Promise<number> {
  try {
    return await startProcess(path, descriptors);
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new AtomicError("child-failed", `starting ${printable(path)}: ${reason}`, { cause });
  }
}

function missing(doing: string, program: string, options: RunOptions): AtomicError {
  if (options.cwd !== undefined && !existsSync(options.cwd))
    return new AtomicError("not-found", `${doing}: the directory ${printable(options.cwd)} does not exist`);
  const hint = options.package === undefined ? {} : { hint: `apt-get install ${options.package}` };
  return new AtomicError("not-found", `${doing}: the program ${printable(program)} does not exist`, hint);
}

function failed(what: string, stderr: Buffer | string = "", hint?: string): AtomicError {
  const said = printable(stderr.toString());
  const tail = said.length > SHOWN_STDERR ? `…${said.slice(-SHOWN_STDERR)}` : said;
  return new AtomicError("child-failed", tail === "" ? what : `${what}: ${tail}`, hint === undefined ? {} : { hint });
}

function shownCommand(argv: readonly string[]): string {
  const command = printable(argv.join(" "));
  return command.length > SHOWN_COMMAND ? `${command.slice(0, SHOWN_COMMAND)}…` : command;
}

/** One line a terminal may show: no control characters or escape sequences, no credentials in URLs. */
function printable(text: string): string {
  return text
    .replace(/\u001b\[[0-9;?]*[ -/]*[@-~]/g, "")
    .replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ")
    .replace(/(?<=:\/\/)[^\s/]*@/g, "***@")
    .trim();
}
