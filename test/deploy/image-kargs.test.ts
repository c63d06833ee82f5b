import * as assert from "uvu/assert";
import { parseKargsFile } from "../../src/deploy/image-kargs.ts";
import { isAtomicError } from "../../src/errors.ts";
import { suite } from "../support/suite.ts";

const test = suite("deploy/image-kargs");

const good: [name: string, text: string, kargs: string[]][] = [
  ["reads a list", 'kargs = ["quiet", "console=ttyS0,115200"]\n', ["quiet", "console=ttyS0,115200"]],
  ["reads a list over several lines, with comments", "# ours\nkargs = [\n  'a', # first\n  \"b\",\n]\n", ["a", "b"]],
  ["knows escapes", String.raw`kargs = ["dyndbg=\"file a.c +p\"", 'raw\n']`, ['dyndbg="file a.c +p"', "raw\\n"]],
  ["is for the architectures it names", 'kargs = ["a"]\nmatch-architectures = ["x86_64", "aarch64"]', ["a"]],
  ["is not for others", 'match-architectures = ["s390x"]\nkargs = ["a"]', []],
  ["may be empty", "", []],
  ["takes an empty list", "kargs = []", []],
];
for (const [name, text, kargs] of good) test(name, () => assert.equal(parseKargsFile(text, "p", "x86_64"), kargs));

for (const text of [
  "kargs",
  "kargs = quiet",
  'kargs = "quiet"',
  'kargs = ["a" "b"]',
  'kargs = ["a"',
  "kargs = [1]",
  '[table]\nkargs = ["a"]',
  'kargs = ["a\nb"]',
]) {
  test(`refuses ${JSON.stringify(text)}`, () => {
    assert.throws(
      () => parseKargsFile(text, "p", "x86_64"),
      (error: unknown) => isAtomicError(error, "invalid"),
    );
  });
}
