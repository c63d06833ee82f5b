import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import type { AtomicError, ErrorCode } from "../src/errors.ts";
import { isAtomicError } from "../src/errors.ts";
import type { RunOptions } from "../src/spawn.ts";
import { run, startProgram } from "../src/spawn.ts";
import { suite } from "./support/suite.ts";
import { tempDir } from "./support/temp.ts";

const test = suite("spawn");

function refusal(argv: readonly string[], options?: RunOptions): AtomicError {
  try {
    run(argv, options);
  } catch (error) {
    if (isAtomicError(error)) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

const shell = (script: string): string[] => ["sh", "-c", script];

test("returns both outputs, stdout as bytes", () => {
  const { stdout, stderr } = run(shell("printf 'a\\377'; printf 'größer' >&2"));
  assert.equal([...stdout], [0x61, 0xff]);
  assert.is(stderr, "größer");
});

test("passes input, environment and directory", () => {
  const options: RunOptions = { input: Buffer.from([0, 0xff]), env: { X: "y" }, cwd: "/usr" };
  assert.equal([...run(["/bin/cat"], options).stdout], [0, 0xff]);
  assert.is(run(["/usr/bin/env"], options).stdout.toString(), "X=y\n");
  assert.is(run(["/bin/pwd"], options).stdout.toString(), "/usr\n");
});

test("gives empty input, not the caller's", () => {
  assert.is(run(["cat"]).stdout.length, 0);
});

test("does not interpret arguments", () => {
  assert.is(run(["printf", "%s|", "$HOME", "a b", "*"]).stdout.toString(), "$HOME|a b|*|");
});

const FAILURES: { name: string; argv: string[]; options?: RunOptions; code: ErrorCode; message: string }[] = [
  {
    name: "an exit status",
    argv: shell("echo one >&2; echo two >&2; exit 3"),
    code: "child-failed",
    message: "running `sh -c echo one >&2; echo two >&2; exit 3`: exited with 3: one two",
  },
  { name: "silence", argv: ["false"], code: "child-failed", message: "running `false`: exited with 1" },
  {
    name: "a signal",
    argv: shell("kill -TERM $$"),
    code: "child-failed",
    message: "running `sh -c kill -TERM $$`: was killed by SIGTERM",
  },
  {
    name: "a timeout",
    argv: ["sleep", "60"],
    options: { timeout: 50 },
    code: "child-failed",
    message: "running `sleep 60`: was still running after 50 ms",
  },
  {
    name: "too much output",
    argv: ["yes"],
    options: { maxOutput: 1000 },
    code: "child-failed",
    message: "running `yes`: printed more than 1000 bytes",
  },
  {
    name: "a missing program",
    argv: ["no-such-program", "x"],
    code: "not-found",
    message: "running `no-such-program x`: the program no-such-program does not exist",
  },
  {
    name: "a missing directory",
    argv: ["true"],
    options: { cwd: "/no/such" },
    code: "not-found",
    message: "running `true`: the directory /no/such does not exist",
  },
];
for (const { name, argv, options, code, message } of FAILURES) {
  test(`says what failed: ${name}`, () => {
    const error = refusal(argv, options);
    assert.is(error.code, code);
    assert.is(error.message, message);
  });
}

test("hints at the package of a missing program", () => {
  const error = refusal(["no-such-program"], { package: "mmdebstrap" });
  assert.is(error.hint, "apt-get install mmdebstrap");
});

test("keeps terminal control and credentials out of the message", () => {
  const error = refusal(
    shell("printf '\\033[31mred\\033[0m\\r\\n\\001 https://user:p@ss@host/x http://host/y@z\\n' >&2; exit 1"),
  );
  assert.match(error.message, /: exited with 1: red {2}https:\/\/\*\*\*@host\/x http:\/\/host\/y@z$/);
  assert.is(
    refusal(["false", "https://user:secret@host/"]).message,
    "running `false https://***@host/`: exited with 1",
  );
});

test("shortens a long command and long stderr, keeping its end", () => {
  const error = refusal(["sh", "-c", 'head -c 5000 /dev/zero | tr "\\0" x >&2; echo end >&2; exit 1', "y".repeat(500)]);
  const [command = "", said = ""] = error.message.split(": exited with 1: ");
  assert.is(command.length, "running ``".length + 101);
  assert.is(said, `…${"x".repeat(1021)}end`);
});

test("does not leak a credential that the shortening cuts in half", () => {
  const error = refusal([
    "sh",
    "-c",
    `printf 'https://user:%s@host/%s' ${"s".repeat(30)} ${"x".repeat(1000)} >&2; false`,
  ]);
  assert.not.match(error.message.split("exited")[1] ?? "", /ss/);
});

test("refuses an empty argv as a bug", () => {
  assert.throws(() => run([]), "run: empty argv");
});

test("a program that is started gets the descriptors, an empty environment, and tells how it ends", async () => {
  const directory = tempDir();
  const [program, output] = [join(directory, "program"), join(directory, "output")];
  const start = async (lines: string): Promise<number> => {
    writeFileSync(program, `#!/bin/sh\n${lines}\n`, { mode: 0o755 });
    const fd = openSync(output, "a");
    return startProgram(program, [0, 1, 2, fd]).finally(() => closeSync(fd));
  };
  assert.is(await start('echo "$HOME-" >&3; exit 3'), 3);
  assert.is(readFileSync(output, "utf8"), "-\n");
  assert.is(await start("kill -9 $$"), 137);
  const error = await startProgram(join(directory, "missing"), [0, 1, 2]).catch((cause: unknown) => cause);
  assert.ok(isAtomicError(error));
  assert.is(error.code, "child-failed");
  assert.match(error.message, /^starting .*missing: .*ENOENT/);
});

test("a caller may tell a failure in its own words", () => {
  const explain = (stderr: string) => ({
    doing: "pushing",
    reason: stderr.split("\n")[1] ?? "",
    hint: "ssh host",
  });
  const error = refusal(["sh", "-c", "echo banner >&2; echo refused >&2; exit 255"], { explain });
  assert.equal(
    [error.code, error.message, error.hint],
    ["child-failed", "pushing: exited with 255: refused", "ssh host"],
  );
});
