import * as assert from "uvu/assert";
import { parseOptions } from "../../bench/options.ts";
import type { Scenario } from "../../bench/scenario.ts";
import { suite } from "../support/suite.ts";

const test = suite("bench/options");

const FAST: Scenario = { name: "fast", prepared: "once", steps: [] };
const LONG: Scenario = { name: "slow", prepared: "once", steps: [], long: true };
const ALL = [FAST, LONG];

test("runs everything five times and names the report", () => {
  assert.equal(parseOptions([], ALL), { rounds: 5, scenarios: ALL, name: "ostree", scratch: "/var/tmp" });
});

test("takes rounds, name and scratch directory", () => {
  const options = parseOptions(["--rounds", "3", "--name", "trial", "--scratch", "/mnt"], ALL);
  assert.equal(options, { rounds: 3, scenarios: ALL, name: "trial", scratch: "/mnt" });
});

test("runs once, leaves long scenarios out and names no report when quick", () => {
  assert.equal(parseOptions(["--quick"], ALL), { rounds: 1, scenarios: [FAST], name: undefined, scratch: "/var/tmp" });
});

test("runs the scenarios asked for in their own order, also long ones when quick", () => {
  const { scenarios } = parseOptions(["--quick", "--only", "slow,fast"], ALL);
  assert.equal(scenarios, ALL);
  assert.is(parseOptions(["--only", "slow"], ALL).name, undefined);
});

for (const args of [
  ["--rounds", "0"],
  ["--rounds", "1.5"],
  ["--rounds", "many"],
  ["--only", "fast,none"],
  ["--name", "../name"],
  ["--unknown"],
]) {
  test(`refuses ${args.join(" ")}`, () => assert.throws(() => parseOptions(args, ALL)));
}
