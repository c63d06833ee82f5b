import * as assert from "uvu/assert";
import { nearest } from "../../src/commands/nearest.ts";
import { suite } from "../support/suite.ts";

const test = suite("commands/nearest");
const VERBS = ["host status", "host rollback", "repo ls", "repo log", "repo show"];

for (const [word, expected] of [
  ["host stauts", "host status"],
  ["hots status", "host status"],
  ["host roll", "host rollback"],
  ["repo sl", "repo ls"],
  ["repo", undefined],
  ["repo frobnicate", undefined],
  ["", undefined],
  ["x".repeat(100_000), undefined],
] as const) {
  test(`of '${word.slice(0, 20)}' is ${expected ?? "nothing"}`, () => assert.is(nearest(word, VERBS), expected));
}
