/** The signal that asks a container to end. */
import { parseSignal } from "../runtime/kill.ts";
import type { NamedContainer } from "./record.ts";

const DEFAULT = "SIGTERM";

/** Its number: the operator's choice, or the image's. @throws AtomicError usage for a name there is not */
export function stopSignal({ options, defaults }: NamedContainer): number {
  return parseSignal(options.stopSignal ?? defaults.stopSignal ?? DEFAULT);
}
