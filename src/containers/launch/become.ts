/** The last steps of a process inside a container. */
import { SIG_SETMASK } from "../../linux/index.ts";
import type { Process } from "../spec/process.ts";
import type { ProcessContext } from "./context.ts";
import { restrict } from "./credentials.ts";
import { execute } from "./execute.ts";
import { makeInit } from "./init.ts";
import { resetSignals } from "./signals.ts";

export interface BecomeOptions {
  /** A first process of ours watches the program's. */
  init?: boolean;
  /** Writes what is to happen with the program's privileges, right before it. */
  beforeProgram?: () => void;
}

/** Gives up what `process` shall not have, and becomes its program, or the first process that watches it. */
export function become(context: ProcessContext, process: Process, { init, beforeProgram }: BecomeOptions = {}): void {
  const { asm } = context;
  asm.step("resetting signals");
  resetSignals(asm);
  asm.call("rt_sigprocmask", [SIG_SETMASK, asm.words([0]), 0, 8]);
  restrict(context, process);
  beforeProgram?.();
  if (init === true) makeInit(context);
  execute(context, process);
}
