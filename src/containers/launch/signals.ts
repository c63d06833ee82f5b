/** Signals as a new program expects them. */
import type { Assembler } from "../../linux/index.ts";

/** One more than the last signal. */
const SIGNALS = 65;
/** Bytes of `struct sigaction` in the kernel. */
const SIGACTION_SIZE = 32;

/** Gives every signal its default action: execve keeps what is ignored, and this process's parents ignore some. */
export function resetSignals(asm: Assembler): void {
  const action = asm.bytes(Buffer.alloc(SIGACTION_SIZE));
  const signal = asm.slot(1n);
  const [again, done] = [asm.label("again"), asm.label("done")];
  asm.place(again);
  asm.call("rt_sigaction", [signal, action, 0, 8], { onError: "ignore" }); // SIGKILL and SIGSTOP have no other
  asm.compute(signal, { subtract: -1, store: signal });
  asm.compute(signal, { subtract: SIGNALS, onZero: done });
  asm.jump(again);
  asm.place(done);
}
