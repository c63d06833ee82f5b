import * as assert from "uvu/assert";
import { isMet, type Result, type Sample, type Target, ratioOf, valuesOf } from "../../bench/case.ts";
import { suite } from "../support/suite.ts";

const test = suite("bench/case");

test("takes a case's own metric unless another is named", () => {
  const result = resultOf([{ wall: 10, cpu: 4 }], [{ wall: 5, cpu: 8 }]);
  assert.equal(valuesOf(result, "atomic"), [5]);
  assert.equal(valuesOf(result, "atomic", "cpu"), [8]);
  assert.equal(valuesOf(result, "atomic", "disk"), []);
});

test("divides atomic's median by ostree's", () => {
  const ostree = [{ wall: 100 }, { wall: 10 }, { wall: 20 }];
  const atomic = [{ wall: 4 }, { wall: 90 }, { wall: 5 }];
  assert.is(ratioOf(resultOf(ostree, atomic)), 0.25);
});

test("has no ratio where one program was not measured", () => {
  assert.is(ratioOf(resultOf([], [{ wall: 4 }])), undefined);
  assert.is(ratioOf(resultOf([{ wall: 4 }], [{ wall: 4 }]), "disk"), undefined);
});

for (const [name, target, met] of [
  ["a ratio that is reached", { of: "ratio", atMost: 0.5 }, true],
  ["a ratio that is missed", { of: "ratio", atMost: 0.49 }, false],
  ["a value that is reached", { of: "value", atMost: 5 }, true],
  ["a value that is missed", { of: "value", atMost: 4.9 }, false],
] as const) {
  test(`judges ${name}`, () => assert.is(isMet(resultOf([{ wall: 10 }], [{ wall: 5 }], target)), met));
}

test("judges nothing without a target or a measurement", () => {
  assert.is(isMet(resultOf([{ wall: 10 }], [{ wall: 5 }])), undefined);
  assert.is(isMet(resultOf([], [], { of: "value", atMost: 5 })), undefined);
  assert.is(isMet(resultOf([], [{ wall: 5 }], { of: "ratio", atMost: 5 })), undefined);
});

function resultOf(ostree: Sample[], atomic: Sample[], target?: Target): Result {
  return { name: "a case", metric: "wall", ...(target === undefined ? {} : { target }), samples: { ostree, atomic } };
}
