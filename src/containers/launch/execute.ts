/** The end of a launch program: the process's own program is looked up and takes over. */
import { type Assembler, AT_FDCWD, EACCES, ENOENT, ENOTDIR } from "../../linux/index.ts";
import { AtomicError } from "../../errors.ts";
import { NO_PROCESS, type Process } from "../spec/process.ts";
import { tolerate } from "./calls.ts";
import type { ProcessContext } from "./context.ts";

const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const X_OK = 1;
const SLASH = 0x2f;
const PATH_MAX = 4096;

type Context = Pick<ProcessContext, "asm" | "fail">;

/**
 * Goes to the working directory; it must be a place below the root directory. A leaked descriptor of the host as
 * working directory (CVE-2024-21626) shows as a path that does not start with a slash.
 */
export function enterDirectory({ asm }: Context, cwd: string): void {
  asm.step(`changing to the directory ${cwd}`);
  const [buffer, first, ok] = [asm.bytes(Buffer.alloc(PATH_MAX)), asm.slot(), asm.label("ok")];
  asm.call("chdir", [asm.text(cwd)]);
  asm.call("getcwd", [buffer, PATH_MAX]);
  asm.compute({ kind: "slot", at: buffer.at }, { mask: 0xff, store: first });
  asm.compute(first, { subtract: SLASH, onZero: ok });
  asm.call("chdir", [asm.text("")]); // always fails, with ENOENT
  asm.place(ok);
}

/** Fails unless the process's program exists and may be executed. */
export function checkProgram(context: Context, process: Process): void {
  const { asm } = context;
  const found = asm.label("found");
  asm.step(`looking for ${programOf(process)}`);
  for (const path of candidates(process)) {
    const next = asm.label("next");
    asm.call("faccessat", [AT_FDCWD, asm.text(path), X_OK], { onError: next, onZero: found });
    asm.place(next);
  }
  asm.jump(context.fail);
  asm.place(found);
}

/** Executes the process's program with its arguments and environment, and nothing of the caller's. */
export function execute(context: Context, process: Process): void {
  const { asm } = context;
  if (process === NO_PROCESS) return refuse(asm);
  asm.step(`executing ${programOf(process)}`);
  const [argv, envp] = [asm.strings(process.args ?? []), asm.strings(process.env ?? [])];
  const paths = candidates(process);
  for (const [index, path] of paths.entries()) {
    if (index === paths.length - 1) return asm.call("execve", [asm.text(path), argv, envp]);
    const [next, failed, result] = [asm.label("next"), asm.label("failed"), asm.slot()];
    asm.call("execve", [asm.text(path), argv, envp], { store: result, onError: failed });
    asm.place(failed);
    tolerate(context, result, [ENOENT, ENOTDIR, EACCES], next);
    asm.place(next);
  }
}

function refuse(asm: Assembler): void {
  asm.step("executing: the configuration has no process");
  asm.call("execve", [asm.text(""), 0, 0]); // always fails
}

/** A program without a slash is searched in the container's PATH, as execvp(3) does. */
function candidates(process: Process): string[] {
  const program = programOf(process);
  if (program.includes("/")) return [program];
  const path = process.env?.findLast((variable) => variable.startsWith("PATH="))?.slice("PATH=".length) ?? DEFAULT_PATH;
  const directories = path.split(":").filter((directory) => directory.startsWith("/"));
  return (directories.length === 0 ? ["/"] : directories).map((directory) => `${directory}/${program}`);
}

function programOf({ args }: Process): string {
  const program = args?.[0];
  if (program === undefined || program === "")
    throw new AtomicError("invalid", "starting a container: the configuration names no program (process.args)");
  return program;
}
