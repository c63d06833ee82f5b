import * as assert from "uvu/assert";
import type { Result } from "../../bench/case.ts";
import { costTable, markdownTable, resultTable } from "../../bench/table.ts";
import { suite } from "../support/suite.ts";

const test = suite("bench/table");

const RESULTS: Result[] = [
  {
    name: "commit",
    metric: "wall",
    target: { of: "ratio", atMost: 0.4 },
    samples: {
      ostree: [
        { wall: 9000, cpu: 2000, rss: 20e6 },
        { wall: 8000, cpu: 2000, rss: 20e6 },
        { wall: 8500, cpu: 2000, rss: 20e6 },
      ],
      atomic: [
        { wall: 1700, cpu: 1000, rss: 50e6 },
        { wall: 900, cpu: 1000, rss: 50e6 },
        { wall: 2000, cpu: 1000, rss: 50e6 },
      ],
    },
  },
  {
    name: "large file",
    metric: "rss",
    target: { of: "value", atMost: 100e6 },
    samples: { ostree: [{ wall: 5, cpu: 5, rss: 50e6 }], atomic: [{ wall: 5, cpu: 5, rss: 100.1e6 }] },
  },
  { name: "disk use", metric: "disk", samples: { ostree: [{ disk: 10e6 }], atomic: [{ disk: 5e6 }] } },
];

test("shows medians, ranges, ratios and targets", () => {
  assert.is(
    resultTable(RESULTS),
    [
      "| case                    |            ostree median |            atomic median | ratio |   target |    met |",
      "| ----------------------- | -----------------------: | -----------------------: | ----: | -------: | -----: |",
      "| commit                  | 8.50 s (8.00 s – 9.00 s) | 1.70 s (900 ms – 2.00 s) | 0.20× |  ≤ 0.40× |    yes |",
      "| large file: peak memory |                  50.0 MB |                   100 MB | 2.00× | ≤ 100 MB | **no** |",
      "| disk use                |                  10.0 MB |                  5.00 MB | 0.50× |   report |        |",
    ].join("\n"),
  );
});

test("lists processor time and memory of processes only", () => {
  assert.is(
    costTable(RESULTS),
    [
      "| case       | ostree CPU | atomic CPU | ratio | ostree memory | atomic memory | ratio |",
      "| ---------- | ---------: | ---------: | ----: | ------------: | ------------: | ----: |",
      "| commit     |     2.00 s |     1.00 s | 0.50× |       20.0 MB |       50.0 MB | 2.50× |",
      "| large file |    5.00 ms |    5.00 ms | 1.00× |       50.0 MB |        100 MB | 2.00× |",
    ].join("\n"),
  );
});

test("keeps the columns of an empty table", () => {
  assert.is(markdownTable(["a", "bcde"], []), "| a   | bcde |\n| --- | ---: |");
});
