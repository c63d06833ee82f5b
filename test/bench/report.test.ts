import * as assert from "uvu/assert";
import { type Run, reportText } from "../../bench/report.ts";
import { suite } from "../support/suite.ts";

const test = suite("bench/report");

const RUN: Run = { date: "2026-01-31", rounds: 5, facts: [["kernel", "6.12"]], results: [], failures: [] };

test("says when and in how many rounds was measured", () => {
  assert.match(reportText(RUN), "Measured on 2026-01-31 in 5 rounds.\n");
  assert.match(reportText({ ...RUN, rounds: 1 }), "in 1 round.\n");
});

test("lists the facts", () => assert.match(reportText(RUN), "| kernel |  6.12 |\n"));

test("names its chart when there is one", () => {
  assert.match(reportText(RUN, "ostree.svg"), "](ostree.svg)");
  assert.not.match(reportText(RUN), "](");
});

test("names what failed", () => {
  assert.match(reportText({ ...RUN, failures: ["host: no space"] }), "## Failed\n\n- host: no space\n");
  assert.not.match(reportText(RUN), "Failed");
});
