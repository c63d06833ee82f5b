/** One line of a stateroot's history: what was deployed when, from what, and why. */
export interface HistoryEvent {
  /** Seconds since the epoch. */
  time: number;
  action:
    | "deploy"
    | "upgrade"
    | "rebase"
    | "rollback"
    | "kargs"
    | "undeploy"
    | "finalize"
    | "stage"
    | "reset"
    | "healthy"
    | "failed";
  /** The default deployment before, as `<commit>.<serial>`; of `failed` the one that did not boot. */
  from?: string;
  /** The default deployment after; of `failed` the one that did, of `healthy` the one it is about. */
  to: string;
  spec: string;
  version?: string;
  /** What the operator or a health check gave as the reason. */
  reason?: string;
}

/** One event as a line with its line feed. */
export function formatEvent(event: HistoryEvent): string {
  return `${JSON.stringify(event)}\n`;
}

/** The events of a history file; a line that is not one is left out. */
export function parseEvents(text: string): HistoryEvent[] {
  return text.split("\n").flatMap((line) => parseEvent(line) ?? []);
}

function parseEvent(line: string): HistoryEvent | undefined {
  try {
    const event = JSON.parse(line) as Partial<HistoryEvent> | null;
    const whole = typeof event?.time === "number" && typeof event.action === "string" && typeof event.to === "string";
    return whole ? (event as HistoryEvent) : undefined;
  } catch {
    return undefined;
  }
}
