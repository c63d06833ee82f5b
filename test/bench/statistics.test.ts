import * as assert from "uvu/assert";
import { median } from "../../bench/statistics.ts";
import { suite } from "../support/suite.ts";

const test = suite("bench/statistics");

for (const [values, middle] of [
  [[7], 7],
  [[9, 1, 5], 5],
  [[10, 9, 1, 2], 5.5],
  [[100, 9, 10], 10],
] as const) {
  test(`takes ${middle} as the median of ${values.join(", ")}`, () => assert.is(median(values), middle));
}

test("leaves the values as they are", () => {
  const values = [3, 1, 2];
  median(values);
  assert.equal(values, [3, 1, 2]);
});

test("refuses to take the median of nothing", () => {
  assert.throws(
    () => median([]),
    (error: unknown) => error instanceof RangeError,
  );
});
