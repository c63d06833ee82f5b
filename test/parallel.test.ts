import * as assert from "uvu/assert";
import { forEachParallel } from "../src/parallel.ts";
import { suite } from "./support/suite.ts";

const test = suite("parallel");

test("works on every item, no more than the limit at a time", async () => {
  let [now, most] = [0, 0];
  const done: number[] = [];
  await forEachParallel([1, 2, 3, 4, 5], 2, async (item) => {
    most = Math.max(most, (now += 1));
    await Promise.resolve();
    now -= 1;
    done.push(item);
  });
  assert.equal([most, done.toSorted((a, b) => a - b)], [2, [1, 2, 3, 4, 5]]);
});

test("throws the first failure in time, starts nothing more, and tells those under way", async () => {
  const started: number[] = [];
  let thrown: unknown;
  await forEachParallel([1, 2, 3], 2, async (item, signal) => {
    started.push(item);
    if (item === 2) throw new Error("first");
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    signal.throwIfAborted();
  }).catch((error: unknown) => (thrown = error));
  assert.is((thrown as Error).message, "first");
  assert.equal(started, [1, 2]);
});
