/**
 * How long work tells the user where it stands.
 *
 * Work reports through `Progress`; only the command line knows whether that becomes a bar, lines, JSON or nothing.
 * Everything happens inside `advance`: the work is synchronous, so no timer could fire while it runs.
 */
import { formatBytes, formatDuration } from "./units.ts";

/** What a task counts. */
export type ProgressUnit = "bytes" | "items";

/** Where long work reports to. Passing `noProgress` costs nothing. */
export interface Progress {
  /** Begins a task called `name` (a few words: "writing objects"). */
  start(name: string, options?: TaskOptions): ProgressTask;
}

export interface TaskOptions {
  /** How much there is to do, if that is known. */
  total?: number;
  /** What `advance` counts; items if left out. */
  unit?: ProgressUnit;
  /** The task takes long and cannot say how far it is: its name is shown at once. */
  announce?: boolean;
}

/** One piece of long work. */
export interface ProgressTask {
  /** `by` more units are done; one if left out. */
  advance(by?: number): void;
  /** The task is over: what it took may now be shown. */
  finish(): void;
}

/** The forms a report can take; `auto` is a bar on a terminal and plain lines elsewhere. */
export const PROGRESS_MODES = ["auto", "plain", "json", "none"] as const;
export type ProgressMode = (typeof PROGRESS_MODES)[number];

/** Where a report is written, and how wide and how interactive that place is. */
export interface ProgressSink {
  write(text: string): void;
  isTTY: boolean;
  columns: number;
  /** Milliseconds, from any start. */
  now(): number;
}

const QUIET_MS = 1000;
const BAR_EVERY_MS = 100;
const LINE_EVERY_MS = 5000;
const JSON_EVERY_MS = 250;

/** A `Progress` that shows nothing. */
export const noProgress: Progress = { start: () => ({ advance() {}, finish() {} }) };

/**
 * The `Progress` that writes to `sink` as `mode` asks.
 *
 * A bar or a line appears once a task has run for a second; lines then follow every five seconds. JSON is one object
 * a line, `{progress, done, total?, unit, seconds, finished}`, from the start of each task to its end.
 */
export function createProgress(mode: ProgressMode, sink: ProgressSink): Progress {
  if (mode === "none") return noProgress;
  const form = mode === "json" ? jsonForm : mode === "auto" && sink.isTTY ? barForm : lineForm;
  return {
    start(name, { total, unit = "items", announce = false } = {}) {
      const began = sink.now();
      const state: State = { name, total, unit, done: 0, seconds: 0, finished: false };
      let shownAt = began + form.quiet - form.every;
      let shown = false;
      const show = (now: number): void => {
        state.seconds = (now - began) / 1000;
        shownAt = now;
        shown = true;
        sink.write(form.text(state, sink.columns));
      };
      if (announce || form.quiet === 0) show(began);
      return {
        advance(by = 1) {
          state.done += by;
          const now = sink.now();
          if (now - shownAt >= form.every) show(now);
        },
        finish() {
          state.finished = true;
          const now = sink.now();
          if (shown || now - began >= form.quiet) show(now);
        },
      };
    },
  };
}

interface State {
  name: string;
  total: number | undefined;
  unit: ProgressUnit;
  done: number;
  seconds: number;
  finished: boolean;
}

/** `quiet` and `every` are the milliseconds before the first report and between reports. */
interface Form {
  quiet: number;
  every: number;
  text(state: State, columns: number): string;
}

const barForm: Form = {
  quiet: QUIET_MS,
  every: BAR_EVERY_MS,
  text(state, columns) {
    if (state.finished) return `\r\x1b[K${describe(state)}\n`;
    if (isUncounted(state)) return `\r\x1b[K${describe(state)}`;
    const head = `${state.name} `;
    const tail = ` ${facts(state)}`;
    const width = Math.min(30, columns - head.length - tail.length - 3);
    const share = fraction(state);
    const filled = Math.round((share ?? 0) * width);
    const bar = share === undefined || width < 5 ? "" : `[${"█".repeat(filled)}${"░".repeat(width - filled)}]`;
    return `\r\x1b[K${(head + bar + tail).slice(0, Math.max(columns - 1, 1))}`;
  },
};

const lineForm: Form = { quiet: QUIET_MS, every: LINE_EVERY_MS, text: (state) => `${describe(state)}\n` };

const jsonForm: Form = {
  quiet: 0,
  every: JSON_EVERY_MS,
  text({ name, done, total, unit, seconds, finished }) {
    return `${JSON.stringify({ progress: name, done, total, unit, seconds: Number(seconds.toFixed(3)), finished })}\n`;
  },
};

function describe(state: State): string {
  if (isUncounted(state)) return state.finished ? `${state.name}: ${formatDuration(state.seconds)}` : `${state.name} …`;
  if (!state.finished) return `${state.name}: ${facts(state)}`;
  return `${state.name}: ${amount(state.done, state.unit)} in ${formatDuration(state.seconds)}${rate(state)}`;
}

/** ` 45%, 1.2 GiB of 2.6 GiB, 310.0 MiB/s, 4s left`, as far as each is known. */
function facts(state: State): string {
  const share = fraction(state);
  if (share === undefined) return amount(state.done, state.unit) + rate(state);
  const left = share > 0 ? `, ${formatDuration((state.seconds / share) * (1 - share))} left` : "";
  const percent = `${Math.floor(share * 100)}%`.padStart(4);
  return `${percent}, ${amount(state.done, state.unit)} of ${amount(state.total ?? 0, state.unit)}${rate(state)}${left}`;
}

function isUncounted({ done, total }: State): boolean {
  return done === 0 && total === undefined;
}

function fraction({ done, total }: State): number | undefined {
  return total === undefined || total <= 0 ? undefined : Math.min(done / total, 1);
}

function rate({ done, seconds, unit }: State): string {
  return seconds < 0.1 ? "" : `, ${amount(done / seconds, unit)}/s`;
}

function amount(value: number, unit: ProgressUnit): string {
  return unit === "bytes" ? formatBytes(value) : String(Math.round(value));
}
