/** What was deployed when. */
import type { HistoryEvent } from "../../deploy/index.ts";
import { short } from "./commits.ts";
import { printable } from "./printable.ts";
import type { View } from "./status.ts";
import { table } from "./table.ts";
import { utcTime } from "./time.ts";

/** One line per event, as they come. */
export function renderHistory(events: HistoryEvent[], { style }: View): string {
  if (events.length === 0) return "nothing was deployed yet";
  const columns = ["time", "action", "from", "to", "version", "origin", "reason"].map((name) => ({ name }));
  const rows = events.map(({ time, action, from, to, version, spec, reason }) => [
    utcTime(time),
    action,
    from === undefined ? "-" : short(from),
    short(to),
    printable(version ?? "-"),
    printable(spec),
    printable(reason ?? ""),
  ]);
  return table(columns, rows, style);
}
