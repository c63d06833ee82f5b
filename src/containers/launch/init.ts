/** A first process of our own: forwards signals to the container's program, and reaps what others leave behind. */
import { O_CLOEXEC, O_NONBLOCK, SIG_SETMASK, SIGCHLD } from "../../linux/index.ts";
import type { ProcessContext } from "./context.ts";
import { ALL_SIGNALS, loop, MAX_FD } from "./monitor.ts";
import { endAs } from "./record-exit.ts";

/**
 * Makes a second process, which goes on; the first watches it and ends as it does. Both have given up their privileges
 * by now, and the first holds nothing of the host open: it is a sealed memory file without a descriptor.
 */
export function makeInit({ asm, request }: ProcessContext): void {
  const [program, ended] = [asm.label("program"), asm.label("ended")];
  const [pid, signals, status] = [asm.slot(), asm.slot(), asm.slot()];
  asm.step("making the program's process");
  asm.call("rt_sigprocmask", [SIG_SETMASK, asm.words([ALL_SIGNALS]), 0, 8]);
  asm.call("clone", [SIGCHLD, 0, 0, 0, 0], { store: pid, onZero: program });
  asm.call("close_range", [3 + request.preservedFds, MAX_FD, 0]);
  asm.step("watching the program");
  asm.call("signalfd4", [-1, asm.words([ALL_SIGNALS]), 8, O_CLOEXEC | O_NONBLOCK], { store: signals });
  loop(asm, { pid, status, signals, ended, streams: [], log: undefined, isInside: true });
  asm.place(ended);
  endAs(asm, status);
  asm.place(program);
  asm.step("unblocking signals");
  asm.call("rt_sigprocmask", [SIG_SETMASK, asm.words([0]), 0, 8]);
}
