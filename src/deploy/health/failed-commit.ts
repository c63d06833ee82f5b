import type { Checksum } from "../../digest.ts";
import type { HistoryEvent } from "../history-event.ts";

/** The event that says that `commit` did not boot on this host, unless a later one says that it did. */
export function failedCommit(events: readonly HistoryEvent[], commit: Checksum): HistoryEvent | undefined {
  const isOf = (id: string | undefined): boolean => id?.startsWith(`${commit}.`) === true;
  const last = events.findLast(
    ({ action, from, to }) => (action === "failed" && isOf(from)) || (action === "healthy" && isOf(to)),
  );
  return last?.action === "failed" ? last : undefined;
}
