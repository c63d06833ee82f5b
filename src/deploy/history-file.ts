/** `history.jsonl` of a stateroot: a line for everything that changed what boots. */
import { join } from "node:path";
import { AtomicError, isAtomicError } from "../errors.ts";
import { readFile } from "../linux/index.ts";
import type { Stateroot } from "./deployment-id.ts";
import { formatEvent, type HistoryEvent, parseEvents } from "./history-event.ts";
import { staterootPath, type Sysroot } from "./sysroot.ts";

/** The oldest events go when there are more. */
const MAX_EVENTS = 2000;
const MAX_SIZE = 16 * 1024 * 1024;

/** The recorded events, oldest first. */
export function readHistory(sysroot: Sysroot, stateroot: Stateroot): HistoryEvent[] {
  const path = historyPath(sysroot, stateroot);
  try {
    return parseEvents(readFile(path, MAX_SIZE).toString("utf8"));
  } catch (error) {
    if (isAtomicError(error, "not-found")) return [];
    throw error;
  }
}

/** Adds an event, durably: readers see the old or the new history. */
export function recordEvent(sysroot: Sysroot, stateroot: Stateroot, event: HistoryEvent): void {
  if (event.reason !== undefined && event.reason.length > 1000) {
    throw new AtomicError("usage", `recording the ${event.action}: expected a reason of at most 1000 characters`);
  }
  const events = [...readHistory(sysroot, stateroot), event].slice(-MAX_EVENTS);
  sysroot.disk.replaceFile(historyPath(sysroot, stateroot), Buffer.from(events.map(formatEvent).join("")), 0o644);
}

function historyPath(sysroot: Sysroot, stateroot: Stateroot): string {
  return join(staterootPath(sysroot, stateroot), "history.jsonl");
}
