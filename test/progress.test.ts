import * as assert from "uvu/assert";
import { createProgress, noProgress, type ProgressMode } from "../src/progress.ts";
import { suite } from "./support/suite.ts";

const test = suite("progress");

/** Runs a task of 100 bytes in ten steps of `stepMs` and returns everything that was written. */
function report(
  mode: ProgressMode,
  stepMs: number,
  { isTTY = false, total = 100 }: { isTTY?: boolean; total?: number } = {},
): string[] {
  let now = 5000;
  const written: string[] = [];
  const progress = createProgress(mode, { isTTY, columns: 80, now: () => now, write: (text) => written.push(text) });
  const task = progress.start("copying", { unit: "bytes", ...(total === 0 ? {} : { total }) });
  for (let i = 0; i < 10; i++) {
    now += stepMs;
    task.advance(10);
  }
  task.finish();
  return written;
}

for (const [mode, isTTY] of [
  ["auto", false],
  ["auto", true],
  ["plain", true],
] as const) {
  test(`${mode} ${isTTY ? "on a terminal" : "elsewhere"} says nothing of work shorter than a second`, () => {
    assert.equal(report(mode, 99, { isTTY }), []);
  });
}

test("writes plain lines, at most one every five seconds, and a last one", () => {
  assert.equal(report("auto", 1000), [
    "copying:  10%, 10 B of 100 B, 10 B/s, 9s left\n",
    "copying:  60%, 60 B of 100 B, 10 B/s, 4s left\n",
    "copying: 100 B in 10s, 10 B/s\n",
  ]);
});

test("draws a bar over itself on a terminal", () => {
  const written = report("auto", 1000, { isTTY: true });
  assert.is(written.length, 11);
  assert.is(written[4], `\r\x1b[Kcopying [${"█".repeat(15)}${"░".repeat(15)}]  50%, 50 B of 100 B, 10 B/s, 5s left`);
  assert.is(written[10], "\r\x1b[Kcopying: 100 B in 10s, 10 B/s\n");
});

test("never draws a bar wider than the terminal", () => {
  let now = 0;
  const written: string[] = [];
  const sink = { isTTY: true, columns: 24, now: () => now, write: (text: string) => written.push(text) };
  const task = createProgress("auto", sink).start("copying a lot", { total: 1000 });
  now = 2000;
  task.advance(500);
  assert.is(written.length, 1);
  assert.is(written[0]?.replace("\r\x1b[K", "").length, 23);
});

test("shows amounts alone when the total is not known", () => {
  assert.equal(report("plain", 1000, { total: 0 })[0], "copying: 10 B, 10 B/s\n");
});

test("writes one JSON object a line from start to end", () => {
  const events = report("json", 300).map((line) => JSON.parse(line) as unknown);
  assert.equal(events[0], { progress: "copying", done: 0, total: 100, unit: "bytes", seconds: 0, finished: false });
  assert.equal(events.at(-1), {
    progress: "copying",
    done: 100,
    total: 100,
    unit: "bytes",
    seconds: 3,
    finished: true,
  });
  assert.is(events.length, 12);
});

test("draws at most ten bars and writes at most four JSON objects a second", () => {
  assert.is(report("auto", 1, { isTTY: true }).length, 0);
  assert.is(report("json", 10).length, 2);
});

test("announces what cannot be counted and says how long it took", () => {
  let now = 0;
  const written: string[] = [];
  const sink = { isTTY: false, columns: 80, now: () => now, write: (text: string) => written.push(text) };
  const task = createProgress("auto", sink).start("installing packages", { announce: true });
  now = 90_000;
  task.finish();
  assert.equal(written, ["installing packages …\n", "installing packages: 1m30s\n"]);
});

test("tells of a long task that never advanced once it is over", () => {
  let now = 0;
  const written: string[] = [];
  const sink = { isTTY: true, columns: 80, now: () => now, write: (text: string) => written.push(text) };
  const task = createProgress("auto", sink).start("syncing");
  now = 3000;
  task.finish();
  assert.equal(written, ["\r\x1b[Ksyncing: 3s\n"]);
});

test("none and noProgress write nothing", () => {
  assert.equal(report("none", 10_000), []);
  noProgress.start("x").advance();
});
