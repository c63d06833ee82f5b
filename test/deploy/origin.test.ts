import * as assert from "uvu/assert";
import { formatOrigin, type Origin, parseOrigin } from "../../src/deploy/origin.ts";
import { checksumOf } from "../../src/digest.ts";
import { isAtomicError, type ErrorCode } from "../../src/errors.ts";
import { suite } from "../support/suite.ts";

const test = suite("deploy/origin");
const digest = checksumOf(Buffer.from("a"));
const origin: Origin = {
  spec: "os/stable",
  commit: digest,
  timestamp: 1,
  deployed: 2,
  title: "Test",
  kargs: ["quiet", "root=LABEL=x"],
  imageKargs: ["quiet"],
  pinned: false,
  signature: "unsigned",
  image: digest,
  kernel: "6.1",
  bootChecksum: digest,
};
const full: Origin = {
  ...origin,
  from: "/srv/store",
  version: "1.2",
  etc: { from: "x.0", takeNew: 1, keepLocal: 2, sameChange: 3, merged: 4, conflicts: 5 },
};

test("reads back what it wrote", () => {
  for (const value of [origin, full]) assert.equal(parseOrigin(formatOrigin(value), "p"), value);
});

test("ignores what it does not know", () => {
  assert.equal(parseOrigin(JSON.stringify({ format: 1, ...origin, later: [1] }), "p"), origin);
});

const bad: [string, unknown, ErrorCode][] = [
  ["no object", 1, "corrupt"],
  ["null", null, "corrupt"],
  ["a newer format", { format: 2, ...origin }, "unsupported"],
  ["no format", origin, "corrupt"],
  ["a checksum that is none", { format: 1, ...origin, commit: "x" }, "invalid"],
  ["kernel arguments that are no list", { format: 1, ...origin, kargs: "quiet" }, "corrupt"],
  ["a list with a number", { format: 1, ...origin, kargs: [1] }, "corrupt"],
  ["a text for a flag", { format: 1, ...origin, pinned: "no" }, "corrupt"],
  ["a fraction", { format: 1, ...origin, timestamp: 1.5 }, "corrupt"],
  ["counts that are none", { format: 1, ...origin, etc: [] }, "corrupt"],
];
for (const [what, value, code] of bad) {
  test(`refuses ${what}`, () => {
    assert.throws(
      () => parseOrigin(JSON.stringify(value), "p"),
      (error: unknown) => isAtomicError(error, code),
    );
  });
}

test("refuses what is not JSON", () => {
  assert.throws(
    () => parseOrigin("{", "p"),
    (error: unknown) => isAtomicError(error, "corrupt"),
  );
});
