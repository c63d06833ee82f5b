import * as assert from "uvu/assert";
import type { Result, Target } from "../../bench/case.ts";
import { plotRatios } from "../../bench/plot.ts";
import { suite } from "../support/suite.ts";

const test = suite("bench/plot");

test("draws a bar as long as its ratio, in the colour of its verdict", () => {
  const svg = plotRatios([
    resultOf("met", 0.25, { of: "ratio", atMost: 0.4 }),
    resultOf("missed", 0.5, { of: "ratio", atMost: 0.4 }),
    resultOf("reported", 1),
  ]);
  assert.equal(bars(svg), [
    ["115", "#2e7d32"],
    ["230", "#c62828"],
    ["460", "#5c6bc0"],
  ]);
});

test("keeps every bar inside the picture", () => {
  const svg = plotRatios([resultOf("slow", 5), resultOf("fast", 0.5)]);
  assert.equal(
    bars(svg).map(([width]) => width),
    ["460", "46"],
  );
});

test("leaves out a case whose limit is no ratio", () => {
  assert.equal(bars(plotRatios([resultOf("status", 3, { of: "value", atMost: 60 })])), []);
});

test("writes a name as text", () => {
  assert.match(plotRatios([resultOf("a < b & c", 1)]), ">a &lt; b &amp; c</text>");
});

function resultOf(name: string, ratio: number, target?: Target): Result {
  const samples = { ostree: [{ wall: 100 }], atomic: [{ wall: 100 * ratio }] };
  return { name, metric: "wall", ...(target === undefined ? {} : { target }), samples };
}

/** Width and colour of each bar. */
function bars(svg: string): (string | undefined)[][] {
  return [...svg.matchAll(/<rect x="280".* width="(\d+)".* fill="(#\w+)"/g)].map((match) => match.slice(1));
}
