import * as assert from "uvu/assert";
import { formatRatio, formatValue } from "../../bench/quantity.ts";
import { suite } from "../support/suite.ts";

const test = suite("bench/quantity");

for (const [metric, value, text] of [
  ["wall", 8.114, "8.11 ms"],
  ["wall", 9.996, "10.0 ms"],
  ["cpu", 711.2, "711 ms"],
  ["wall", 999.4, "999 ms"],
  ["wall", 999.7, "1.00 s"],
  ["wall", 8480, "8.48 s"],
  ["wall", 123_456, "123 s"],
  ["rss", 18_600_000, "18.6 MB"],
  ["disk", 204_000_000, "204 MB"],
  ["disk", -4_000_000, "-4.00 MB"],
] as const) {
  test(`shows ${value} of ${metric} as ${text}`, () => assert.is(formatValue(metric, value), text));
}

for (const [ratio, text] of [
  [0.354, "0.35×"],
  [1.2, "1.20×"],
  [9.996, "10.0×"],
  [12.4, "12.4×"],
  [230.2, "230×"],
] as const) {
  test(`shows the ratio ${ratio} as ${text}`, () => assert.is(formatRatio(ratio), text));
}
