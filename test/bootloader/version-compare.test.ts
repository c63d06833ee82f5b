import { spawnSync } from "node:child_process";
import fc from "fast-check";
import * as assert from "uvu/assert";
import { compareVersions } from "../../src/bootloader/version-compare.ts";
import { unmet } from "../support/needs.ts";
import { suite } from "../support/suite.ts";

const test = suite("bootloader/version-compare");

/** Oldest first, from the specification. */
const CHAIN = [
  "122.1",
  "123~rc1-1",
  "123",
  "123-a",
  "123-a.1",
  "123-1",
  "123-1.1",
  "123^post1",
  "123.a-1",
  "123.1-1",
  "123a-1",
  "124-1",
];

const PAIRS: [string, "<" | "=" | ">", string][] = [
  ["", "=", ""],
  ["", ">", "~"],
  ["~", "<", "a"],
  ["11", "=", "11"],
  ["systemd-123", "=", "systemd-123"],
  ["bar-123", "<", "foo-123"],
  ["123a", ">", "123"],
  ["123.a", ">", "123"],
  ["123.a", "<", "123.b"],
  ["123a", ">", "123.a"],
  ["11α", "=", "11β"],
  ["A", "<", "a"],
  ["", "<", "0"],
  ["0.", ">", "0"],
  ["0.0", ">", "0"],
  ["a", "<", "0"],
  ["000", "=", "0"],
  ["007", "=", "7"],
  ["1_", "=", "1"],
  ["_1", "=", "1"],
  ["1_2", ">", "1.2"],
  ["12_3", "=", "12 3"],
  ["9", "<", "10"],
  ["1".repeat(40), "<", "2" + "0".repeat(40)],
  ["abc", "<", "abcd"],
  ["6.1.0-13-amd64", "<", "6.1.0-20-amd64"],
];

/** What systemd says: exit status 0 equal, 11 newer, 12 older. */
function oracle(a: string, b: string): number {
  const { status } = spawnSync("systemd-analyze", ["compare-versions", "--", a, b], { stdio: "ignore" });
  return status === 0 ? 0 : status === 11 ? 1 : status === 12 ? -1 : NaN;
}

function sign(order: number): number {
  return Math.sign(order) + 0;
}

test("orders the specification's chain", () => {
  for (const [i, a] of CHAIN.entries()) {
    for (const [j, b] of CHAIN.entries()) assert.is(sign(compareVersions(a, b)), sign(i - j), `${a} against ${b}`);
  }
});

for (const [a, relation, b] of PAIRS) {
  test(`${JSON.stringify(a)} ${relation} ${JSON.stringify(b)}`, () => {
    const expected = { "<": -1, "=": 0, ">": 1 }[relation];
    assert.is(sign(compareVersions(a, b)), expected);
    assert.is(sign(compareVersions(b, a)), 0 - expected);
  });
}

const version = fc.string({
  unit: fc.constantFrom(..."01279abzABZ~-^._+ ".split("")),
  maxLength: 12,
});

test("is an order: antisymmetric, and equal to itself", () => {
  fc.assert(
    fc.property(version, version, (a, b) => {
      assert.is(sign(compareVersions(a, b)), 0 - sign(compareVersions(b, a)));
      assert.is(compareVersions(a, a), 0);
    }),
  );
});

const missing = unmet({ programs: ["systemd-analyze"] });
const withOracle = test.skipUnless(missing === undefined, missing ?? "");

withOracle("agrees with systemd on the chain and the table", () => {
  const neighbours = CHAIN.slice(1).map((b, i): [string, string] => [CHAIN[i]!, b]);
  for (const [a, b] of [...neighbours, ...PAIRS.map(([a, , b]): [string, string] => [a, b])]) {
    assert.is(sign(compareVersions(a, b)), oracle(a, b), `${a} against ${b}`);
  }
});

withOracle("agrees with systemd on arbitrary versions", () => {
  fc.assert(
    fc.property(version, version, (a, b) => assert.is(sign(compareVersions(a, b)), oracle(a, b))),
    { numRuns: 200 },
  );
});
