import { chooseStateroot } from "./default-stateroot.ts";
import type { HistoryEvent } from "./history-event.ts";
import { readHistory } from "./history-file.ts";
import { loadHostState } from "./host-state.ts";
import type { Sysroot } from "./sysroot.ts";

/** What changed what boots in a stateroot, newest first. @throws AtomicError not-found */
export function hostHistory(sysroot: Sysroot, { stateroot }: { stateroot?: string } = {}): HistoryEvent[] {
  return readHistory(sysroot, chooseStateroot(sysroot, loadHostState(sysroot), stateroot)).reverse();
}
