import * as assert from "uvu/assert";
import { parseConfig } from "../../src/deploy/config.ts";
import { isAtomicError } from "../../src/errors.ts";
import { suite } from "../support/suite.ts";

const test = suite("deploy/config");

test("fills in what is not said", () => {
  assert.equal(parseConfig("{}", "p"), { retain: 1, bootTries: 3 });
  assert.equal(parseConfig('{"retain": 5}', "p"), { retain: 5, bootTries: 3 });
});

for (const text of [
  "",
  "null",
  "[1]",
  '{"retain": 0}',
  '{"retain": 1.5}',
  '{"bootTries": 100}',
  '{"retian": 2}',
  '{"toString": 1}',
]) {
  test(`refuses ${text === "" ? "nothing" : text}`, () => {
    assert.throws(
      () => parseConfig(text, "p"),
      (error: unknown) => isAtomicError(error, "invalid"),
    );
  });
}
