/** Measured values as people read them. */
import type { Metric } from "./case.ts";

/** One value in three digits: milliseconds as `9.50 ms` or `1.23 s`, bytes as `120 MB` (MB: 10^6 bytes). */
export function formatValue(metric: Metric, value: number): string {
  if (metric === "rss" || metric === "disk") return `${threeDigits(value / 1e6)} MB`;
  return Math.round(value) < 1000 ? `${threeDigits(value)} ms` : `${threeDigits(value / 1000)} s`;
}

/** How many times as much: `0.35×`. */
export function formatRatio(ratio: number): string {
  return `${threeDigits(ratio)}×`;
}

function threeDigits(value: number): string {
  if (Math.abs(value) >= 99.95) return value.toFixed(0);
  return value.toFixed(Math.abs(value) < 9.995 ? 2 : 1);
}
