/** The report of a run: what was measured, where, and how. */
import type { Result } from "./case.ts";
import { costTable, markdownTable, resultTable } from "./table.ts";

export interface Run {
  /** The date as `2026-01-31`. */
  date: string;
  rounds: number;
  /** The machine, and the trees that were committed. */
  facts: readonly (readonly [name: string, value: string])[];
  results: readonly Result[];
  /** Scenarios that ended early, with their reason; their results are missing. */
  failures: readonly string[];
}

const METHOD = `Each value is the median of the rounds, with the least and the greatest in parentheses. The ratio is
atomic's median in ostree's medians.

The programs take turns in every case, and in who is first; each round starts from new, empty directories. Measured are
whole processes, from start to end: wall-clock time, user and system time, and the largest resident set (MB: 10^6
bytes). Files that are read are in the page cache; \`sync\` runs before each measurement. ostree's repository is of mode
\`bare\`, as on a host; /boot is a directory of the same filesystem.`;

/** Markdown; `plot` is the file name of the chart, if there is one. */
export function reportText({ date, rounds, facts, results, failures }: Run, plot?: string): string {
  const failed = failures.length === 0 ? [] : ["## Failed", failures.map((failure) => `- ${failure}`).join("\n")];
  return `${[
    "# atomic and ostree compared",
    `Measured on ${date} in ${rounds} ${rounds === 1 ? "round" : "rounds"}.`,
    METHOD,
    resultTable(results),
    ...(plot === undefined ? [] : [`![Ratios of the cases](${plot})`]),
    "## Processor time and memory",
    costTable(results),
    "## Where",
    markdownTable(["fact", "value"], facts),
    ...failed,
  ].join("\n\n")}\n`;
}
