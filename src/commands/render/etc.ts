/** `/etc`: what merging did, what the operator changed, and its history. */
import type { EtcChange, EtcReport, EtcSnapshot, ReportedPath } from "../../deploy/index.ts";
import { FILE_MARKS } from "./commits.ts";
import { printable } from "./printable.ts";
import type { View } from "./status.ts";
import { table } from "./table.ts";
import { utcTime } from "./time.ts";

const VERDICTS: Record<ReportedPath["verdict"], string> = {
  unchanged: "unchanged",
  "take-new": "image",
  "keep-local": "yours",
  "same-change": "same",
  merged: "merged",
  conflict: "conflict",
};

/** One line per path, conflicts first: `image`: as the image has it, be it that it has none; `yours` kept, `same` on both sides, `merged`. */
export function renderEtcReport(report: EtcReport | undefined, { style }: View): string {
  if (report === undefined) return "nothing was merged: it is the first deployment of its stateroot";
  if (report.paths.length === 0) return "nothing had changed on either side";
  const ordered = [...report.paths].sort((a, b) => rank(a) - rank(b));
  const rows = ordered.map((path) => [
    path.verdict === "conflict" ? style.red(VERDICTS[path.verdict]) : VERDICTS[path.verdict],
    describe(path),
  ]);
  return table([{ name: "" }, { name: "" }], rows, style);
}

/** A reported path with the reason and where the image's version was saved. */
export function describe({ path, detail, saved }: ReportedPath): string {
  const why = detail === undefined ? "" : `: ${printable(detail)}`;
  return `${path}${why}${saved === undefined ? "" : `; the new one is ${saved}`}`;
}

/** Every change as a unified diff where there is text, else as one line. */
export function renderEtcDiff(changes: EtcChange[], { style }: View): string {
  if (changes.length === 0) return "no changes";
  return changes
    .map(({ kind, path, metadata = [], diff }) => {
      const head = `${FILE_MARKS[kind]}  ${path}${metadata.length === 0 ? "" : ` (${metadata.join(", ")})`}`;
      return diff === undefined
        ? style.bold(head)
        : `${style.bold(head)}\n${diff.trimEnd().split("\n").map(line).join("\n")}`;
    })
    .join("\n");

  function line(text: string): string {
    const shown = text.split("\t").map(printable).join("\t");
    if (/^(---|\+\+\+) /.test(text)) return style.dim(shown);
    if (text.startsWith("+")) return style.green(shown);
    return text.startsWith("-") ? style.red(shown) : shown;
  }
}

/** One line per snapshot. */
export function renderEtcLog(snapshots: EtcSnapshot[], { style }: View): string {
  if (snapshots.length === 0) return "no snapshot of /etc yet";
  const rows = snapshots.map(({ rev, time, subject }) => [
    style.yellow(rev.slice(0, 12)),
    utcTime(time),
    printable(subject),
  ]);
  return table([{ name: "" }, { name: "" }, { name: "" }], rows, style);
}

function rank({ verdict }: ReportedPath): number {
  return verdict === "conflict" ? 0 : verdict === "merged" ? 1 : 2;
}
