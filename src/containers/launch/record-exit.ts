/** The end of a launch program: how what it watched ended is written down, and it ends the same way. */
import {
  type Assembler,
  O_CLOEXEC,
  O_CREAT,
  O_TRUNC,
  O_WRONLY,
  offsetFrom,
  SIG_SETMASK,
  type Slot,
} from "../../linux/index.ts";
import { EXIT_FILE } from "./files.ts";
import type { MonitorRequest } from "./request.ts";
import { resetSignals } from "./signals.ts";

const FILE_MODE = 0o600;
const WIDTH = 3;

/** Writes how the container ended into `directory`, and ends the same way, or becomes the successor. */
export function recordExit(
  asm: Assembler,
  directory: Slot | undefined,
  status: Slot,
  successor: MonitorRequest["successor"],
): void {
  asm.step("recording the exit status");
  const code = exitCode(asm, status);
  if (directory !== undefined) writeExit(asm, directory, code);
  if (successor !== undefined) {
    asm.step("handing over");
    resetSignals(asm);
    asm.call("rt_sigprocmask", [SIG_SETMASK, asm.words([0]), 0, 8], { onError: "ignore" });
    const { argv, env } = successor;
    asm.call("execve", [asm.text(argv[0]), asm.strings(argv), asm.strings(env)], { onError: "ignore" });
  }
  asm.step("ending with the container's exit status");
  asm.call("exit_group", [code], { onError: "ignore" });
}

/** Ends as the process whose status of wait4 this is. */
export function endAs(asm: Assembler, status: Slot): void {
  asm.step("ending with the program's exit status");
  asm.call("exit_group", [exitCode(asm, status)], { onError: "ignore" });
}

/** The exit status: 128 and the signal where one killed it. */
function exitCode(asm: Assembler, status: Slot): Slot {
  const [signal, code] = [asm.slot(), asm.slot()];
  const [exited, known] = [asm.label("exited"), asm.label("known")];
  asm.compute(status, { mask: 0x7f, store: signal, onZero: exited });
  asm.compute(signal, { subtract: -128, store: code });
  asm.jump(known);
  asm.place(exited);
  asm.compute(status, { shift: 8, mask: 0xff, store: code });
  asm.place(known);
  return code;
}

function writeExit(asm: Assembler, directory: Slot, code: Slot): void {
  const [fd, end] = [asm.slot(), asm.label("end")];
  const before = '{"exitCode":';
  const text = asm.bytes(Buffer.from(`${before}${" ".repeat(WIDTH)}}\n`));
  asm.decimal(code, offsetFrom(text, before.length + WIDTH));
  const [unfinished, flags] = [asm.text(`.${EXIT_FILE}`), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC];
  asm.call("openat", [directory, unfinished, flags, FILE_MODE], { store: fd, onError: end });
  asm.call("write", [fd, text, before.length + WIDTH + 2], { onError: end });
  asm.call("renameat2", [directory, unfinished, directory, asm.text(EXIT_FILE), 0], { onError: end });
  asm.place(end);
}
