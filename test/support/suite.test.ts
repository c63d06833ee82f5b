import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import * as assert from "uvu/assert";
import { suite } from "./suite.ts";
import { unmet } from "./needs.ts";

const ROOT = resolve(import.meta.dirname, "../..");

/** The exit status of `test/run.ts` on fixtures, its last line, and everything it printed. */
function run(...fixtures: string[]): { status: number | null; summary: string; output: string } {
  const files = fixtures.map((name) => join(ROOT, "test/fixtures/suite", name));
  const args = [join(ROOT, "test/run.ts"), "--timeout", "5", ...files];
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: "utf8" });
  return { status, summary: stdout.trimEnd().split("\n").at(-1) ?? "", output: stdout };
}

const test = suite("support/suite");

test("passes what passes, and lists every skip with its reason", () => {
  const { status, summary, output } = run("passes.ts", "skipped-suite.ts", "exit-code.ts");
  assert.is(summary, "4 passed, 0 failed, 4 skipped");
  assert.is(status, 0);
  assert.match(output, "skipped  passes: left out: for a reason\n");
  assert.match(output, "skipped  passes: lands: needs the moon\n");
  assert.match(output, "skipped  passes: calls it: needs the program no-such-program\n");
  assert.match(output, "skipped  skipped-suite: flies: needs a dragon\n");
});

const traps: [fixture: string, summary: string, said: string][] = [
  ["no-test.ts", "0 passed, 1 failed", "registered no test"],
  ["empty-suite.ts", "0 passed, 1 failed", "empty: (suite): has no test"],
  ["failing-test.ts", "1 passed, 1 failed", "failing: is wrong"],
  ["throws-undefined.ts", "0 passed, 1 failed", "odd: throws undefined: threw undefined"],
  ["before-hook.ts", "0 passed, 2 failed", "hooked: before hook: no setup"],
  ["after-each-hook.ts", "1 passed, 3 failed", "hooked: after.each hook: no cleanup"],
  ["after-hook.ts", "1 passed, 3 failed", "second: never runs: did not run"],
  ["late-hook.ts", "1 passed, 1 failed", "late: registers a hook: after hook registered"],
  ["late-test.ts", "1 passed, 1 failed", "late: inner: did not run"],
  ["unhandled-rejection.ts", "1 passed, 1 failed", "unhandled rejection: nobody listens"],
  ["late-throw.ts", "1 passed, 1 failed", "uncaught exception: too late"],
  ["early-exit.ts", "0 passed, 3 failed", "exited before its tests were done"],
  ["killed.ts", "0 passed, 1 failed", "was killed by SIGKILL"],
  ["hangs.ts", "0 passed, 1 failed", "was still running after 5 s"],
  ["import-error.ts", "0 passed, 1 failed", "outside a test: broken at import"],
];
for (const [fixture, summary, said] of traps) {
  test(`fails ${fixture}`, () => {
    const result = run(fixture);
    assert.is(result.summary, summary, result.output);
    assert.is(result.status, 1);
    assert.match(result.output, `✘ ${said}`);
  });
}

test("one failing file fails the run", () => {
  const { status, summary } = run("failing-test.ts", "passes.ts");
  assert.is(summary, "4 passed, 1 failed, 3 skipped");
  assert.is(status, 1);
});

test("a directory without tests fails", () => {
  const { status, output } = run("");
  assert.is(status, 1);
  assert.match(output, "no test was found\n0 passed, 0 failed\n");
});

test("a test file run without the runner fails", () => {
  const file = join(ROOT, "test/fixtures/suite/passes.ts");
  const { status, stderr } = spawnSync(process.execPath, [file], { encoding: "utf8" });
  assert.is(status, 1);
  assert.match(stderr, "run this file with");
});

test("names the first unmet need", () => {
  assert.is(unmet({ programs: ["sh"], files: ["/"] }), undefined);
  assert.is(unmet({ programs: ["sh", "no-such-program"] }), "needs the program no-such-program");
  assert.is(unmet({ files: ["/no/such/device"] }), "needs /no/such/device");
});
