import fc from "fast-check";
import * as assert from "uvu/assert";
import { blessed, formatEntryName, isBad, newCounter, parseEntryName } from "../../src/bootloader/entry-name.ts";
import { isAtomicError } from "../../src/errors.ts";
import { suite } from "../support/suite.ts";

const test = suite("bootloader/entry-name");

const counter = (left: number, done: number, leftWidth: number, doneWidth: number) => ({
  left,
  done,
  leftWidth,
  doneWidth,
});

const NAMES = {
  "a.conf": { stem: "a" },
  "a+3-0.conf": { stem: "a", counter: counter(3, 0, 1, 1) },
  "a+3.conf": { stem: "a", counter: counter(3, 0, 1, 0) },
  "a+09-01.conf": { stem: "a", counter: counter(9, 1, 2, 2) },
  "a+0-3.conf": { stem: "a", counter: counter(0, 3, 1, 1) },
  "a+3-.conf": { stem: "a+3-" },
  "a+.conf": { stem: "a+" },
  "a+3-0x.conf": { stem: "a+3-0x" },
  "+3-0.conf": { stem: "+3-0" },
  "a+1+2-3.conf": { stem: "a+1", counter: counter(2, 3, 1, 1) },
  "a+1234567890.conf": { stem: "a+1234567890" },
  "6.1.0-13_amd64.conf": { stem: "6.1.0-13_amd64" },
};

for (const [fileName, name] of Object.entries(NAMES)) {
  test(`reads ${fileName} and writes it back`, () => {
    assert.equal(parseEntryName(fileName), name);
    assert.is(formatEntryName(name), fileName);
  });
}

const HOSTILE = {
  "no suffix": "a",
  "only the suffix": ".conf",
  "an empty name": "",
  "a hidden file": ".a.conf",
  "another suffix": "a.conf.tmp",
  "a slash": "../a.conf",
  NUL: "a\0.conf",
  "a newline": "a\n.conf",
  "a space": "a b.conf",
  "a letter outside ASCII": "é.conf",
  "256 characters": "a".repeat(251) + ".conf",
};

for (const [what, fileName] of Object.entries(HOSTILE)) {
  test(`rejects ${what}`, () => {
    assert.throws(
      () => parseEntryName(fileName),
      (error: unknown) => isAtomicError(error, "invalid"),
    );
  });
}

test("takes a name of 255 characters", () => {
  assert.is(parseEntryName("a".repeat(250) + ".conf").stem.length, 250);
});

test("starts a counter with DONE as wide as LEFT", () => {
  assert.is(formatEntryName({ stem: "a", counter: newCounter(3) }), "a+3-0.conf");
  assert.is(formatEntryName({ stem: "a", counter: newCounter(10) }), "a+10-00.conf");
});

for (const tries of [0, -1, 1.5, 100, NaN]) {
  test(`rejects a counter of ${tries} attempts`, () => {
    assert.throws(
      () => newCounter(tries),
      (error: unknown) => isAtomicError(error, "invalid"),
    );
  });
}

test("rejects a stem that would read back as a counter", () => {
  assert.throws(
    () => formatEntryName({ stem: "a+3-0" }),
    (error: unknown) => isAtomicError(error, "invalid"),
  );
});

test("a bad entry has no attempt left; blessing removes the counter", () => {
  assert.is(isBad(parseEntryName("a+0-3.conf")), true);
  assert.is(isBad(parseEntryName("a+00.conf")), true);
  assert.is(isBad(parseEntryName("a+1-2.conf")), false);
  assert.is(isBad(parseEntryName("a.conf")), false);
  assert.is(formatEntryName(blessed(parseEntryName("a+0-3.conf"))), "a.conf");
});

test("writes what it reads, whatever the name", () => {
  const name = fc.string({
    unit: fc.constantFrom(..."ab019+-_.".split("")),
    minLength: 1,
    maxLength: 12,
  });
  fc.assert(fc.property(name, (text) => assert.is(formatEntryName(parseEntryName(`a${text}.conf`)), `a${text}.conf`)));
});
