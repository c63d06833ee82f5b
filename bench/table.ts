/** Results as Markdown tables. */
import { isMet, type Metric, type Result, ratioOf, type Tool, valuesOf } from "./case.ts";
import { formatRatio, formatValue } from "./quantity.ts";
import { median } from "./statistics.ts";

/** Each case with what it is about: medians with the least and the greatest value, ratio and target. */
export function resultTable(results: readonly Result[]): string {
  const heading = ["case", "ostree median", "atomic median", "ratio", "target", "met"];
  return markdownTable(
    heading,
    results.map((result) => [
      caseName(result),
      medianAndRange(result, "ostree"),
      medianAndRange(result, "atomic"),
      shownRatio(result, result.metric),
      shownTarget(result),
      { true: "yes", false: "**no**", undefined: "" }[`${isMet(result)}`],
    ]),
  );
}

/** Processor time and peak memory of every case that is a process: medians and ratios. */
export function costTable(results: readonly Result[]): string {
  const heading = ["case", "ostree CPU", "atomic CPU", "ratio", "ostree memory", "atomic memory", "ratio"];
  const costs: Metric[] = ["cpu", "rss"];
  const measured = results.filter((result) => ratioOf(result, "cpu") !== undefined);
  return markdownTable(
    heading,
    measured.map((result) => [
      result.name,
      ...costs.flatMap((metric) => [
        shownMedian(result, "ostree", metric),
        shownMedian(result, "atomic", metric),
        shownRatio(result, metric),
      ]),
    ]),
  );
}

/** A table whose columns are padded to equal width; all but the first are aligned right. */
export function markdownTable(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = heading.map((name, column) =>
    Math.max(3, ...[...rows.map((row) => row[column] ?? ""), name].map(width)),
  );
  const line = (cells: readonly string[]): string => {
    const padded = widths.map((size, column) => {
      const cell = cells[column] ?? "";
      const space = " ".repeat(size - width(cell));
      return column === 0 ? cell + space : space + cell;
    });
    return `| ${padded.join(" | ")} |`;
  };
  const rule = widths.map((size, column) => (column === 0 ? "-".repeat(size) : `${"-".repeat(size - 1)}:`));
  return [line(heading), line(rule), ...rows.map(line)].join("\n");
}

function caseName({ name, metric }: Result): string {
  return metric === "rss" ? `${name}: peak memory` : name;
}

function medianAndRange(result: Result, tool: Tool): string {
  const values = valuesOf(result, tool);
  if (values.length === 0) return "";
  const middle = shownMedian(result, tool, result.metric);
  if (values.length === 1) return middle;
  const [least, greatest] = [Math.min(...values), Math.max(...values)];
  return `${middle} (${formatValue(result.metric, least)} – ${formatValue(result.metric, greatest)})`;
}

function shownMedian(result: Result, tool: Tool, metric: Metric): string {
  const values = valuesOf(result, tool, metric);
  return values.length === 0 ? "" : formatValue(metric, median(values));
}

function shownRatio(result: Result, metric: Metric): string {
  const ratio = ratioOf(result, metric);
  return ratio === undefined ? "" : formatRatio(ratio);
}

function shownTarget({ metric, target }: Result): string {
  if (target === undefined) return "report";
  return `≤ ${target.of === "ratio" ? formatRatio(target.atMost) : formatValue(metric, target.atMost)}`;
}

function width(cell: string): number {
  return [...cell].length;
}
