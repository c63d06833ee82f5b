/** Ratios as a bar chart. */
import { isMet, type Result, ratioOf } from "./case.ts";
import { formatRatio } from "./quantity.ts";

const ROW = 26;
const BAR = 16;
const LABELS = 280;
const PLOT = 460;
const VALUES = 70;
const TOP = 44;
const BOTTOM = 30;
const COLORS = { true: "#2e7d32", false: "#c62828", undefined: "#5c6bc0" };

/**
 * An SVG with one bar per case: atomic's median in ostree's medians, shorter is better. A line marks 1, where both are
 * equal; a tick on the bar marks the case's target. Cases with a limit of their own, in no relation to ostree, are left
 * out.
 */
export function plotRatios(results: readonly Result[]): string {
  const bars = results.flatMap((result) => {
    const ratio = ratioOf(result);
    return ratio === undefined || result.target?.of === "value" ? [] : [{ result, ratio }];
  });
  const end = Math.ceil(Math.max(1, ...bars.map(({ ratio }) => ratio)) * 5) / 5;
  const x = (ratio: number): number => Math.round(LABELS + (ratio / end) * PLOT);
  const width = LABELS + PLOT + VALUES;
  const height = TOP + bars.length * ROW + BOTTOM;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
    `  <rect width="${width}" height="${height}" fill="#fff" />`,
    `  <text x="12" y="20" font-size="14" font-weight="bold">atomic / ostree (shorter is better)</text>`,
    ...bars.flatMap(({ result, ratio }, row) => bar(result, ratio, { x, y: TOP + row * ROW })),
    verticalLine(x(1), TOP - 6, height - BOTTOM + 4, "#333"),
    `  <text x="${x(1)}" y="${TOP - 10}" text-anchor="middle">ostree</text>`,
    `  <text x="12" y="${height - 10}" fill="#555">Black tick: target. Green: met, red: missed, blue: reported only.</text>`,
    `</svg>`,
    "",
  ].join("\n");
}

function bar(result: Result, ratio: number, { x, y }: { x: (ratio: number) => number; y: number }): string[] {
  const base = y + BAR - 4;
  const target = result.target?.atMost;
  return [
    `  <text x="${LABELS - 8}" y="${base}" text-anchor="end">${escape(result.name)}</text>`,
    `  <rect x="${LABELS}" y="${y}" width="${x(ratio) - LABELS}" height="${BAR}" fill="${COLORS[`${isMet(result)}`]}" />`,
    `  <text x="${Math.max(x(ratio), x(target ?? 0)) + 6}" y="${base}">${formatRatio(ratio)}</text>`,
    ...(target === undefined ? [] : [verticalLine(x(target), y - 3, y + BAR + 3, "#000", 3)]),
  ];
}

function verticalLine(x: number, y1: number, y2: number, color: string, width = 1): string {
  return `  <line x1="${x}" y1="${y1}" x2="${x}" y2="${y2}" stroke="${color}" stroke-width="${width}" />`;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
