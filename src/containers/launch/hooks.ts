/**
 * Hooks that run inside the container: in its namespaces before its root directory is the root, and right before its
 * program, when the process has given up what the program shall not have either.
 * Spec: OCI runtime, config.md, "POSIX-platform Hooks"
 */
import {
  addressOf,
  CLOSE_RANGE_CLOEXEC,
  CLONE_PIDFD,
  type Label,
  MFD_CLOEXEC,
  O_RDWR,
  offsetFrom,
  PROGRAM_BASE,
  SIG_SETMASK,
  SIGCHLD,
  SIGKILL,
  type Slot,
  slotAt,
  TOOK_TOO_LONG,
} from "../../linux/index.ts";
import type { Hook } from "../spec/config.ts";
import { closeFd, openHost } from "./calls.ts";
import type { LaunchContext } from "./context.ts";
import { FAILED, reportHooks } from "./report.ts";
import { reportFd } from "./request.ts";
import { resetSignals } from "./signals.ts";

export type ContainerHookStage = "createContainer" | "startContainer";

/** Hooks whose standard input is ready. */
export interface PreparedHooks {
  stage: ContainerHookStage;
  hooks: readonly { hook: Hook; input: Slot }[];
  /** The host's /dev/null. */
  nothing: Slot;
}

const MAX_FD = 0xffffffff;
const POLLIN = 1n << 32n;
/** Digits of the largest process ID. */
const PID_WIDTH = 10;

/** On the host's side: what hooks write to, for a container's own may be anything. */
export function openNothing({ asm, request }: LaunchContext): Slot | undefined {
  const { createContainer = [], startContainer = [] } = request.config.hooks ?? {};
  if (createContainer.length + startContainer.length === 0) return undefined;
  asm.step("opening /dev/null");
  return openHost(asm, "/dev/null", O_RDWR);
}

/** Waits until the host has run its own hooks, which come before those of the container. */
export function awaitHostHooks({ asm, request }: LaunchContext, fifo: Slot | undefined): void {
  if (request.hostHooks !== true || fifo === undefined) return;
  reportHooks(asm, reportFd(request));
  asm.step("waiting for the host's hooks");
  asm.call("read", [fifo, asm.bytes(Buffer.alloc(8)), 1]);
}

/** Writes the container's state, with the process ID as the container sees it, for each hook of a stage. */
export function prepareHooks(context: LaunchContext, stage: ContainerHookStage, nothing?: Slot): PreparedHooks {
  const { asm, request } = context;
  const hooks = request.config.hooks?.[stage] ?? [];
  if (hooks.length === 0 || nothing === undefined) return { stage, hooks: [], nothing: asm.slot() };
  asm.step(`preparing the ${stage} hooks`);
  const before = `${(request.hookState ?? "{}").slice(0, -1)},"pid":${" ".repeat(PID_WIDTH)}`;
  const [pid, text] = [asm.slot(), asm.bytes(Buffer.from(`${before}}`))];
  const length = Buffer.byteLength(before);
  asm.call("getpid", [], { store: pid });
  asm.decimal(pid, offsetFrom(text, length));
  const prepared = hooks.map((hook) => {
    const input = asm.slot();
    asm.call("memfd_create", [asm.text("state"), MFD_CLOEXEC], { store: input });
    asm.call("write", [input, text, length + 1]);
    asm.call("lseek", [input, 0, 0]);
    return { hook, input };
  });
  return { stage, hooks: prepared, nothing };
}

/** Runs hooks in order; the first that fails ends this process, and those after it are not run. */
export function runContainerHooks(context: LaunchContext, { stage, hooks, nothing }: PreparedHooks): void {
  for (const { hook, input } of hooks) {
    const { asm } = context;
    asm.step(`running the ${stage} hook ${hook.path}`);
    const [program, done] = [asm.label("hook"), asm.label("done")];
    const [pid, pidfd, status] = [asm.slot(), asm.slot(), asm.slot()];
    asm.call("clone", [CLONE_PIDFD | SIGCHLD, 0, addressOf(pidfd), 0, 0], { store: pid, onZero: program });
    awaitHook(context, { pid, pidfd, status, ...(hook.timeout === undefined ? {} : { timeout: hook.timeout }) });
    asm.compute(status, { onZero: done });
    reportStatus(context, status);

    asm.place(program);
    asm.call("dup3", [input, 0, 0]);
    asm.call("dup3", [nothing, 1, 0]);
    // Before the program, a filter may know nothing of these; all of this was done by then.
    const onError = stage === "startContainer" ? ({ onError: "ignore" } as const) : {};
    asm.call("close_range", [3, MAX_FD, CLOSE_RANGE_CLOEXEC], onError);
    if (stage === "createContainer") {
      resetSignals(asm);
      asm.call("rt_sigprocmask", [SIG_SETMASK, asm.words([0]), 0, 8]);
    }
    const args = hook.args === undefined || hook.args.length === 0 ? [hook.path] : hook.args;
    asm.call("execve", [asm.text(hook.path), asm.strings(args), asm.strings(hook.env ?? [])]);
    asm.place(done);
    for (const fd of [pidfd, input]) closeFd(asm, fd);
  }
}

/** Waits for a process, for `timeout` seconds at most. */
function awaitHook(
  { asm }: LaunchContext,
  { pid, pidfd, status, timeout }: { pid: Slot; pidfd: Slot; status: Slot; timeout?: number },
): void {
  const wait = asm.label("wait");
  const late: Label = asm.label("late");
  if (timeout !== undefined) {
    const [fds, left, again] = [asm.words([0]), asm.words([timeout, 0]), asm.label("again")];
    asm.compute(pidfd, { subtract: -POLLIN, store: slotAt(fds) });
    asm.place(again);
    // The kernel counts `left` down.
    asm.call("ppoll", [fds, 1, left, 0, 0], { onError: again, onZero: late });
    asm.jump(wait);
    asm.place(late);
    asm.call("kill", [pid, SIGKILL], { onError: "ignore" });
    asm.call("wait4", [pid, 0, 0, 0], { onError: "ignore" });
    asm.compute(TOOK_TOO_LONG, { store: status });
    const over = asm.label("over");
    asm.jump(over);
    asm.place(wait);
    asm.call("wait4", [pid, addressOf(status), 0, 0], { onError: wait });
    asm.place(over);
    return;
  }
  asm.place(wait);
  asm.call("wait4", [pid, addressOf(status), 0, 0], { onError: wait });
}

/** Reports the status of a process this step waited for, and ends this one. */
function reportStatus({ asm, request }: LaunchContext, status: Slot): void {
  const report = asm.label("report");
  // The failure cell receives where this is; the errno is not told, but the status.
  asm.call("chdir", [asm.text("")], { onError: report });
  asm.place(report);
  const vector = asm.words([PROGRAM_BASE, 8, addressOf(status), 8]);
  asm.call("writev", [reportFd(request), vector, 2], { onError: "ignore" });
  asm.call("exit_group", [FAILED], { onError: "ignore" });
}
