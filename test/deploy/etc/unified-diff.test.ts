import * as fc from "fast-check";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { unifiedDiff } from "../../../src/deploy/etc/unified-diff.ts";
import { unmet } from "../../support/needs.ts";
import { suite } from "../../support/suite.ts";

const test = suite("deploy/etc/unified-diff");

function diff(before: string, after: string): string {
  return unifiedDiff({
    before: { name: "a", content: Buffer.from(before) },
    after: { name: "b", content: Buffer.from(after) },
  });
}

const numbers = Array.from({ length: 20 }, (_, i) => `${i + 1}\n`).join("");
const cases: [name: string, before: string, after: string, diff: string][] = [
  ["is empty for equal texts", "a\n", "a\n", ""],
  ["shows a new file", "", "a\nb\n", "--- a\n+++ b\n@@ -0,0 +1,2 @@\n+a\n+b\n"],
  ["shows a removed file", "a\n", "", "--- a\n+++ b\n@@ -1 +0,0 @@\n-a\n"],
  [
    "says when the last line has no newline",
    "a",
    "a\n",
    "--- a\n+++ b\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n",
  ],
  [
    "gives changes far apart a hunk each",
    numbers,
    numbers.replace("2\n", "two\n").replace("19\n", "nineteen\n"),
    "--- a\n+++ b\n@@ -1,5 +1,5 @@\n 1\n-2\n+two\n 3\n 4\n 5\n@@ -16,5 +16,5 @@\n 16\n 17\n 18\n-19\n+nineteen\n 20\n",
  ],
  [
    "joins changes whose context touches",
    numbers,
    numbers.replace("\n5\n", "\nfive\n").replace("\n12\n", "\ntwelve\n"),
    "--- a\n+++ b\n@@ -2,14 +2,14 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n 9\n 10\n 11\n-12\n+twelve\n 13\n 14\n 15\n",
  ],
];
for (const [name, before, after, expected] of cases) test(name, () => assert.is(diff(before, after), expected));

const missing = unmet({ programs: ["patch"] });
test.skipUnless(missing === undefined, missing ?? "")("is what patch(1) turns one text into the other with", () => {
  const directory = mkdtempSync(join(tmpdir(), "atomic-diff-"));
  const lines = fc.array(fc.constantFrom("a", "b", "c", ""), { maxLength: 30 });
  const text = fc
    .tuple(lines, fc.boolean())
    .map(([list, end]) => list.join("\n") + (end && list.length > 0 ? "\n" : ""));
  try {
    fc.assert(
      fc.property(text, text, (before, after) => {
        fc.pre(before !== after && before !== "" && after !== "");
        writeFileSync(join(directory, "file"), before);
        const argv = ["--quiet", "--force", "--fuzz=0", "--output=-", join(directory, "file")];
        const patched = spawnSync("patch", argv, { input: diff(before, after) });
        assert.is(patched.stdout.toString(), after);
      }),
      { numRuns: 60 },
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
});
