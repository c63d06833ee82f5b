import * as assert from "uvu/assert";
import { resolve } from "node:path";
import { spawnSync } from "node:child_process";
import { suite } from "../support/suite.ts";

const test = suite("commands/report-error");
const SRC = resolve(import.meta.dirname, "../../src");

/** What `reportError` prints and returns for `error`, an expression, in a process of its own. */
function report(error: string, json = false, env: Record<string, string> = {}) {
  const script = `
    import { AtomicError } from "${SRC}/errors.ts";
    import { reportError } from "${SRC}/commands/report-error.ts";
    process.exitCode = reportError(${error}, ${json});
  `;
  const { status, stdout, stderr } = spawnSync(process.execPath, ["-e", script], {
    encoding: "utf8",
    env: { PATH: process.env["PATH"] ?? "", ...env },
  });
  return { status, stdout, stderr };
}

test("prints one line and the hint", () => {
  assert.equal(report(`new AtomicError("locked", "locking /x: held by process 7", { hint: "ps -fp 7" })`), {
    status: 1,
    stdout: "",
    stderr: "error: locking /x: held by process 7\nhint: ps -fp 7\n",
  });
});

test("never sends control characters to the terminal", () => {
  const { stderr } = report(String.raw`new AtomicError("invalid", "reading a\x1b[31m\nb\u009b")`);
  assert.is(stderr, "error: reading a\\x1b[31m\\x0ab\\x9b\n");
});

test("exits 77 and says so plainly when there is nothing to do", () => {
  assert.equal(report(`new AtomicError("nothing-to-do", "already at 1.2")`), {
    status: 77,
    stdout: "already at 1.2\n",
    stderr: "",
  });
});

test("exits 2 on wrong usage", () => {
  assert.is(report(`new AtomicError("usage", "x")`).status, 2);
});

test("answers in JSON", () => {
  const { status, stdout, stderr } = report(`new AtomicError("no-space", "x", { hint: "y" })`, true);
  assert.equal({ status, stderr }, { status: 1, stderr: "" });
  assert.equal(JSON.parse(stdout), { error: { code: "no-space", message: "x", hint: "y" } });
});

test("calls anything else a bug, and hides its stack", () => {
  assert.equal(report(`new TypeError("x is undefined")`), {
    status: 1,
    stdout: "",
    stderr:
      "error: this is a bug in atomic: x is undefined\n" +
      "hint: run it again with ATOMIC_DEBUG=1 and report what it prints\n",
  });
});

test("prints stacks, causes too, with ATOMIC_DEBUG=1", () => {
  const { stderr } = report(`new AtomicError("io", "outer", { cause: new TypeError("inner") })`, false, {
    ATOMIC_DEBUG: "1",
  });
  assert.match(stderr, /^error: outer\nAtomicError: outer\n(.*\n)+caused by: TypeError: inner\n/);
});
