import * as assert from "uvu/assert";
import { isText, mergeText } from "../../../src/deploy/etc/merge-text.ts";
import { suite } from "../../support/suite.ts";

const test = suite("deploy/etc/merge-text");
const base = "one\ntwo\nthree\nfour\nfive\n";

/** [what it is, base, ours, theirs, merged or undefined] */
const cases: [string, string, string, string, string | undefined][] = [
  [
    "takes changes far apart from both sides",
    base,
    base.replace("one", "ONE"),
    base.replace("five", "FIVE"),
    "ONE\ntwo\nthree\nfour\nFIVE\n",
  ],
  ["takes a line added at each end", base, `zero\n${base}`, `${base}six\n`, `zero\n${base}six\n`],
  ["takes the same change once", base, base.replace("two", "2"), base.replace("two", "2"), base.replace("two", "2")],
  [
    "takes a removal and a change elsewhere",
    base,
    base.replace("one\n", ""),
    base.replace("four", "4"),
    "two\nthree\n4\nfive\n",
  ],
  ["refuses two changes of one line", base, base.replace("two", "2"), base.replace("two", "II"), undefined],
  ["refuses changes of touching lines", base, base.replace("two", "2"), base.replace("three", "3"), undefined],
  ["refuses a change of a removed line", base, base.replace("two\n", ""), base.replace("two", "2"), undefined],
  ["keeps a last line without its newline", "a\nb\nc\nd", "A\nb\nc\nd", "a\nb\nc\nd\n", "A\nb\nc\nd\n"],
  ["refuses two different files without a common base", "", "a\n", "b\n", undefined],
  [
    "is not confused by lines named like object members",
    "constructor\n__proto__\nx\ny\n",
    "constructor\n__proto__\nx\nY\n",
    "toString\n__proto__\nx\ny\n",
    "toString\n__proto__\nx\nY\n",
  ],
];
for (const [name, o, a, b, expected] of cases) {
  test(name, () => assert.is(mergeText(Buffer.from(o), Buffer.from(a), Buffer.from(b))?.toString(), expected));
}

test("refuses what is not text", () => {
  const bad: Buffer[] = [Buffer.from("a\0b\n"), Buffer.from([0xff, 0x0a]), Buffer.alloc(1024 * 1024 + 1, "x")];
  for (const bytes of bad) {
    assert.is(isText(bytes), false);
    assert.is(mergeText(bytes, Buffer.from("a\n"), Buffer.from("b\n")), undefined);
  }
  assert.is(isText(Buffer.from("grüße\n")), true);
  assert.is(isText(Buffer.alloc(0)), true);
});

test("refuses files of more lines than it can compare quickly", () => {
  const long = Buffer.from("x\n".repeat(20_001));
  assert.is(mergeText(long, Buffer.from("a\n"), long), undefined);
});
