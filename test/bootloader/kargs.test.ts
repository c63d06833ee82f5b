import fc from "fast-check";
import * as assert from "uvu/assert";
import {
  appendKargs,
  appendMissingKargs,
  bareKarg,
  deleteKarg,
  formatKargs,
  hasKarg,
  kargValues,
  mergeImageKargs,
  parseKargs,
  replaceKarg,
} from "../../src/bootloader/kargs.ts";
import { isAtomicError } from "../../src/errors.ts";
import type { ErrorCode } from "../../src/errors.ts";
import { suite } from "../support/suite.ts";

const test = suite("bootloader/kargs");

const throws = (run: () => unknown, code: ErrorCode, message = /./) =>
  assert.throws(run, (error: unknown) => isAtomicError(error, code) && message.test(error.message));

const LINES: Record<string, string[]> = {
  "": [],
  " \t\n": [],
  quiet: ["quiet"],
  "root=UUID=1-2 ro  quiet\n": ["root=UUID=1-2", "ro", "quiet"],
  'dyndbg="file a.c +p" ro': ['dyndbg="file a.c +p"', "ro"],
  '"dyndbg=file a.c +p"': ['"dyndbg=file a.c +p"'],
  'a="" b': ['a=""', "b"],
  'a=1"2 3"4': ['a=1"2 3"4'],
  "ro -- single a=b": ["ro", "--", "single", "a=b"],
};

for (const [line, kargs] of Object.entries(LINES)) {
  test(`reads ${JSON.stringify(line)}`, () => assert.equal(parseKargs(line), kargs));
}

for (const [what, line] of Object.entries({
  "an open quote": 'ro a="b c',
  "a lone quote": '"',
  NUL: "a\0b",
  "a line feed in quotes": 'a="b\nc"',
  "an escape sequence": "a=\u001b[2J",
})) {
  test(`rejects ${what}`, () => throws(() => parseKargs(line), "invalid"));
}

for (const [what, karg] of Object.entries({
  nothing: "",
  "two kargs": "a b",
  "a blank at the end": "a ",
  "a line feed": "a\n",
  "an open quote": 'a="b',
})) {
  test(`refuses to write ${what} as one karg`, () => throws(() => formatKargs(["ro", karg]), "invalid"));
}

test("appends before what belongs to init", () => {
  assert.equal(appendKargs(["ro", "--", "quiet"], ["quiet", "ro"]), ["ro", "quiet", "ro", "--", "quiet"]);
  assert.equal(appendMissingKargs(["ro", "--", "quiet"], ["quiet", "ro", "quiet"]), ["ro", "quiet", "--", "quiet"]);
});

test("knows a karg by what the kernel sees", () => {
  const kargs = parseKargs('rd.lvm_lv=a console="tty0" "x=1 2" -- init=1');
  for (const same of ["rd.lvm-lv=a", "console=tty0", 'x="1 2"']) assert.is(hasKarg(kargs, same), true, same);
  for (const other of ["rd.lvm_lv=b", "console", "console=tty_0", "init=1", "--"]) {
    assert.is(hasKarg(kargs, other), false, other);
  }
});

test("gives the values of a key", () => {
  const kargs = parseKargs('console=tty0 quiet console="ttyS0,115200 8" -- console=no');
  assert.equal(kargValues(kargs, "console"), ["tty0", "ttyS0,115200 8"]);
  assert.equal(kargValues(kargs, "quiet"), [undefined]);
  assert.equal(kargValues(kargs, "root"), []);
});

const CURRENT = ["root=UUID=1", "console=tty0", "quiet", "console=ttyS0", "x=1", "x=1", "--", "quiet"];

test("deletes by key, or by key and value", () => {
  assert.equal(deleteKarg(CURRENT, "root"), CURRENT.slice(1));
  assert.equal(deleteKarg(CURRENT, "root=UUID=1"), CURRENT.slice(1));
  assert.equal(deleteKarg(["a", "quiet", "--", "quiet"], "quiet"), ["a", "--", "quiet"]);
  assert.equal(deleteKarg(CURRENT, "console=tty0"), CURRENT.toSpliced(1, 1));
  assert.equal(deleteKarg(CURRENT, "x"), CURRENT.toSpliced(4, 2));
});

test("names the karg that cannot be deleted", () => {
  throws(() => deleteKarg(CURRENT, "debug"), "not-found", /deleting kernel argument 'debug': it is not set/);
  throws(() => deleteKarg(CURRENT, "root=UUID=2"), "not-found", /'root=UUID=2'/);
  throws(() => deleteKarg(CURRENT, "root=UUID"), "not-found");
  throws(() => deleteKarg(CURRENT, "console"), "conflict", /expected one of console=tty0 console=ttyS0$/);
});

test("replaces in place", () => {
  assert.equal(replaceKarg(CURRENT, "root", "root=LABEL=a"), CURRENT.with(0, "root=LABEL=a"));
  assert.equal(replaceKarg(CURRENT, "console=ttyS0", "console=ttyS1"), CURRENT.with(3, "console=ttyS1"));
  assert.equal(replaceKarg(CURRENT, "x", "x=2"), CURRENT.with(4, "x=2").toSpliced(5, 1));
  throws(() => replaceKarg(CURRENT, "debug", "debug=1"), "not-found", /replacing kernel argument 'debug'/);
  throws(() => replaceKarg(CURRENT, "console", "console=x"), "conflict");
});

const MERGES: [string, { current: string; before: string; after: string; merged: string }][] = [
  ["nothing changed", { current: "a b", before: "a", after: "a", merged: "a b" }],
  ["the image adds one", { current: "a", before: "", after: "n=1", merged: "a n=1" }],
  ["the image drops one", { current: "a o local", before: "a o", after: "a", merged: "a local" }],
  ["the image changes a value", { current: "c=1 local", before: "c=1", after: "c=2", merged: "local c=2" }],
  ["the machine dropped what the image keeps", { current: "local", before: "a", after: "a n", merged: "local n" }],
  ["the machine dropped what the image drops", { current: "local", before: "a", after: "", merged: "local" }],
  ["the machine has the new one already", { current: "n local", before: "", after: "n", merged: "n local" }],
  ["only the quotes changed", { current: 'a="1"', before: 'a="1"', after: "a=1", merged: 'a="1"' }],
  ["arguments for init stay last", { current: "a -- s", before: "a", after: "b", merged: "b -- s" }],
];

for (const [what, { current, before, after, merged }] of MERGES) {
  test(`merging image kargs: ${what}`, () => {
    const image = { before: parseKargs(before), after: parseKargs(after) };
    assert.is(formatKargs(mergeImageKargs(parseKargs(current), image)), merged);
  });
}

const plain = fc.string({
  unit: fc.constantFrom(..."ab1=-_.,/ä".split("")),
  minLength: 1,
  maxLength: 6,
});
const quoted = fc.string({
  unit: fc.constantFrom(..."ab1= -".split("")),
  maxLength: 6,
});
const karg = fc.oneof(
  plain,
  quoted.map((text) => `a="${text}"`),
  quoted.map((text) => `"a=${text}"`),
);

test("reads back the kargs it writes", () => {
  fc.assert(fc.property(fc.array(karg), (kargs) => assert.equal(parseKargs(formatKargs(kargs)), kargs)));
});

test("deleting what was appended as missing gives the kargs back", () => {
  fc.assert(
    fc.property(fc.array(karg), karg, (kargs, added) => {
      fc.pre(!hasKarg(kargs, added) && added !== "--");
      assert.equal(deleteKarg(appendMissingKargs(kargs, [added]), added), kargs);
    }),
  );
});

for (const [karg, bare] of Object.entries({
  quiet: "quiet",
  "a-b=c": "a-b=c",
  'dyndbg="file a.c +p"': "dyndbg=file a.c +p",
  '"dyndbg=file a.c +p"': "dyndbg=file a.c +p",
  'a=""': "a=",
  'a="b=c"': "a=b=c",
})) {
  test(`without its quotes ${karg} is ${bare}`, () => assert.is(bareKarg(karg), bare));
}
