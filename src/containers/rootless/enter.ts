/**
 * An ordinary user's commands run as root of a user namespace that all of them share: there they may mount, and what
 * they start is theirs to join and to end. Nothing outside takes this root for one.
 */
import {
  close,
  createAssembler,
  CLONE_NEWNS,
  CLONE_NEWUSER,
  executeProgram,
  keepOnExec,
  type Label,
  type LaunchArch,
  launchExecutable,
  type Program,
  sealedMemfd,
  SIG_SETMASK,
} from "../../linux/index.ts";
import { AtomicError } from "../../errors.ts";
import { closeFd } from "../launch/calls.ts";
import { resetSignals } from "../launch/signals.ts";
import { openProcess } from "../runtime/process-identity.ts";
import { lockNamespace, makeHolder, readHolder } from "./holder.ts";

export interface EnterRequest {
  /** The user's state directory. */
  run: string;
  ids: { uid: number; gid: number };
  /** The program to become in there, by its absolute path, with its name and arguments. */
  program: string;
  argv: readonly string[];
  env: Readonly<Record<string, string>>;
  /** Is told why the user has only one ID, where that is so. */
  warn: (why: string) => void;
}

/** Becomes a program in the user's namespace. @throws AtomicError unsupported, child-failed; KernelError */
export function enterUserNamespace({ run, ids, program, argv, env, warn }: EnterRequest): never {
  const lock = lockNamespace(run);
  let holder = readHolder(run);
  if (holder === undefined) {
    const made = makeHolder(run, ids);
    holder = made.holder;
    if (made.alone !== undefined) warn(made.alone);
  }
  const namespace = openProcess(holder);
  if (namespace === undefined) {
    close(lock);
    throw new AtomicError("conflict", "joining your user namespace: it has just ended", { hint: "atomic ps" });
  }
  const directory = process.cwd();
  const variables = Object.entries(env).map(([key, value]) => `${key}=${value}`);
  const join = compileJoin({ namespace, lock, directory, program, argv, env: variables });
  const file = sealedMemfd("join", launchExecutable(join, process.arch as LaunchArch));
  for (const fd of [lock, namespace]) keepOnExec(fd);
  executeProgram(`/proc/self/fd/${file}`, ["atomic"], []);
}

interface Join {
  /** Descriptor of the holder. */
  namespace: number;
  /** Held until the process is in the namespace, and so counts as one of it. */
  lock: number;
  directory: string;
  program: string;
  argv: readonly string[];
  env: readonly string[];
}

function compileJoin({ namespace, lock, directory, program, argv, env }: Join): Program {
  const asm = createAssembler();
  const doing = (step: string): Label => {
    const [failed, go] = [asm.label("failed"), asm.label("go")];
    asm.failTo(failed);
    asm.step(step);
    asm.jump(go);
    asm.place(failed);
    // Nobody is left to read a report.
    const text = `error: running as an ordinary user: ${step} failed\n`;
    asm.call("write", [2, asm.text(text), Buffer.byteLength(text)], { onError: "ignore" });
    asm.call("exit_group", [1], { onError: "ignore" });
    asm.place(go);
    return failed;
  };
  doing("joining your user namespace");
  asm.call("setns", [namespace, CLONE_NEWUSER | CLONE_NEWNS]);
  for (const fd of [namespace, lock]) closeFd(asm, fd);
  doing(`returning to ${directory}`);
  asm.call("chdir", [asm.text(directory)]);
  doing(`executing ${program}`);
  resetSignals(asm);
  asm.call("rt_sigprocmask", [SIG_SETMASK, asm.words([0]), 0, 8]);
  asm.call("execve", [asm.text(program), asm.strings(argv), asm.strings(env)]);
  return asm.finish();
}
