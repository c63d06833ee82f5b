/**
 * From a process to the launch program that starts it in a container that is there.
 *
 * The program finds the container by the descriptor of its first process, and everything of the host it needs is opened
 * before it joins. Nothing of it is of use to the container: it cannot be traced, its file is sealed, and what it has
 * open closes when the process's program takes over.
 */
import {
  type Assembler,
  createAssembler,
  O_CLOEXEC,
  O_DIRECTORY,
  O_PATH,
  PR_SET_DUMPABLE,
  type Program,
  SIGCHLD,
  type Slot,
} from "../../linux/index.ts";
import { become } from "./become.ts";
import { openHost } from "./calls.ts";
import type { ProcessContext } from "./context.ts";
import { newKeyring } from "./credentials.ts";
import { enterDirectory } from "./execute.ts";
import { enterGroups, openGroups } from "./groups.ts";
import { becomeMappedRoot } from "./identity.ts";
import { setOomScore, setRlimits } from "./limits.ts";
import { blockSignals, watch } from "./monitor.ts";
import { joinProcess } from "./namespaces.ts";
import { reportFailure, reportPid } from "./report.ts";
import { type ExecRequest, reportFd } from "./request.ts";
import { controlTerminal, sendTerminal } from "./terminal.ts";

/**
 * A program that needs one descriptor after the one it reports to: that of the container's first process (pidfd).
 * @throws AtomicError invalid
 */
export function compileExec(request: ExecRequest): Program {
  const asm = createAssembler();
  const [fail, first] = [asm.label("fail"), asm.label("process")];
  asm.failTo(fail);
  asm.step("hiding from debuggers");
  asm.call("prctl", [PR_SET_DUMPABLE, 0, 0, 0, 0]);
  asm.step("opening /proc");
  const context: ProcessContext = { asm, request, fail, proc: openHost(asm, "/proc", O_PATH | O_DIRECTORY) };
  const groups = openGroups(context);
  sendTerminal(context);
  const container = reportFd(request) + 1;
  const root = openRoot(context, request.pid);
  // Who joins a namespace of processes is not in it, but the next process is.
  joinProcess(
    context,
    container,
    request.namespaces.filter((type) => type === "pid"),
  );
  if (request.monitor !== undefined) blockSignals(asm);
  asm.step("making the process");
  const pid = asm.slot();
  asm.call("clone", [SIGCHLD, 0, 0, 0, 0], { store: pid, onZero: first });
  reportPid(asm, reportFd(request), pid);
  if (request.monitor === undefined) {
    asm.step("leaving the process alone");
    asm.call("exit_group", [0]);
  } else watch(context, pid, request.monitor, []);

  asm.place(first);
  enterGroups(context, groups);
  setOomScore(context, request.process.oomScoreAdj);
  joinProcess(
    context,
    container,
    request.namespaces.filter((type) => type !== "pid"),
  );
  enterRoot(asm, root);
  if (request.namespaces.includes("user")) becomeMappedRoot(context);
  asm.step("making a session");
  asm.call("setsid", [], { onError: "ignore" });
  controlTerminal(context);
  newKeyring(context);
  setRlimits(context);
  enterDirectory(context, request.process.cwd);
  become(context, request.process);

  asm.place(fail);
  reportFailure(asm, reportFd(request));
  return asm.finish();
}

/** It is that of the right process if that can be joined afterwards; of one that has ended there is none. */
function openRoot({ asm, proc }: ProcessContext, pid: number): Slot {
  asm.step("opening the container's root directory");
  const root = asm.slot();
  const flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
  asm.call("openat", [proc, asm.text(`${pid}/root`), flags, 0], { store: root, onError: "ignore" });
  return root;
}

/**
 * Joining a mount namespace leads to the root of its mounts, which is the host's where the container was made in a
 * `chroot`; and a container may have no mount namespace.
 */
function enterRoot(asm: Assembler, root: Slot): void {
  asm.step("entering the container's root directory");
  asm.call("fchdir", [root]);
  asm.call("chroot", [asm.text(".")]);
}
