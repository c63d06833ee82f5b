import { spawn } from "node:child_process";
import { resolve } from "node:path";
import * as assert from "uvu/assert";
import type { CliResult } from "../../support/cli.ts";
import { unmet } from "../../support/needs.ts";
import { onTerminal, PYTHON, type Seen, type Step } from "../../support/on-terminal.ts";
import { suite } from "../../support/suite.ts";
import { type Fixture, namedFixture, namedUnmet } from "./named-fixture.ts";

const test = suite("terminals of containers", namedUnmet() ?? unmet({ files: [PYTHON] }));

const MAIN = resolve(import.meta.dirname, "../../../src/main.ts");
const PROGRAMS = ["sh", "cat", "echo", "id", "ls", "pwd", "readlink", "sleep", "stat", "stty", "tty", "true"];

let fixture: Fixture;
test.before(() => {
  fixture = namedFixture({ box: {} }, PROGRAMS);
});
test.after(() => {
  fixture.clear();
  fixture.unmountAll();
});

const atomic = (...argv: string[]): CliResult => fixture.atomic(...argv);
const shown = (argv: string[], steps: Step[]): Seen =>
  onTerminal([process.execPath, MAIN, ...argv], steps, fixture.env);

test("gives a container a terminal of its own, of the window's size, and takes it back", () => {
  const script = 'tty; stty size; stat -c %t:%T /dev/console; echo -n "name? "; read name; echo "hello $name"; exit 3';
  const {
    shown: text,
    status,
    echo,
  } = shown(["run", "--network=none", "--rm", "-it", "box", "sh", "-c", script], [{ shows: "name? ", types: "you\r" }]);
  assert.is(text, "/dev/pts/0\r\n24 80\r\n88:0\r\nname? you\r\nhello you\r\n");
  assert.equal([status, echo], [3, true]);
});

test("tells the container when its window changes, and passes keys on as they are", () => {
  const script = 'trap "stty size; exit 0" WINCH; trap "echo interrupted" INT; echo ready; while :; do sleep 0.1; done';
  const { shown: text, status } = shown(
    ["run", "--network=none", "--rm", "-it", "box", "sh", "-c", script],
    [
      { shows: "ready", types: "\u0003" },
      { shows: "interrupted", resize: [50, 132] },
    ],
  );
  assert.is(text, "ready\r\n^Cinterrupted\r\n50 132\r\n");
  assert.is(status, 0);
});

test("runs a shell in a container that is there", () => {
  assert.is(atomic("run", "-d", "--network=none", "--name=there", "box", "sleep", "1000").status, 0);
  const { shown: text, status } = shown(
    ["exec", "-it", "-e", "A=b", "-w", "/tmp", "-u", "web", "there", "sh"],
    [
      { shows: "$ ", types: "tty; pwd; id; echo $A $HOME $TERM; stat -c %U /dev/pts/0; stty size\r" },
      { shows: "24 80", types: "exit 5\r" },
    ],
  );
  assert.match(text, /\/dev\/pts\/0\r\n\/tmp\r\nuid=33\(web\) gid=33\r\nb \/tmp xterm\r\nweb\r\n24 80\r\n/);
  assert.is(status, 5);
});

test("passes signals to the container, once each", () => {
  const script = 'trap "echo terminated; exit 4" TERM; echo ready; while :; do sleep 0.1; done';
  for (const argv of [
    ["run", "--network=none", "--rm", "-t", "box"],
    ["exec", "there"],
  ]) {
    const { shown: text, status } = shown([...argv, "sh", "-c", script], [{ shows: "ready", signal: 15 }]);
    assert.is(text, "ready\r\nterminated\r\n");
    assert.is(status, 4);
  }
});

test("sends a Ctrl-C to a container without a terminal, once", () => {
  const script = 'trap "echo interrupted" INT; echo ready; sleep 1; echo end';
  const { shown: text } = shown(
    ["run", "--network=none", "--rm", "box", "sh", "-c", script],
    [{ shows: "ready", types: "\u0003" }],
  );
  assert.is(text, "ready\r\n^Cinterrupted\r\nend\r\n");
});

test("hangs the terminal up when the one who used it dies", async () => {
  const child = spawn(
    process.execPath,
    [MAIN, "run", "--network=none", "--name=orphan", "-t", "box", "sh", "-c", "echo up; read x; exit 9"],
    {
      stdio: ["ignore", "pipe", "inherit"],
      env: { PATH: process.env["PATH"] ?? "", ...fixture.env },
    },
  );
  await new Promise((done) => child.stdout.once("data", done));
  child.kill("SIGKILL");
  assert.is(atomic("wait", "orphan").stdout, "9\n");
  child.stdout.destroy();
});

test("keeps what a detached container shows on its terminal in its log", () => {
  const script = "tty; echo shown; i=0; while [ $i -lt 3000 ]; do echo a line of output; i=$((i+1)); done; exit 6";
  assert.is(atomic("run", "-dt", "--network=none", "--name=logged", "box", "sh", "-c", script).status, 0);
  assert.is(atomic("wait", "logged").stdout, "6\n");
  const { stdout } = atomic("logs", "logged");
  assert.match(stdout, /^\/dev\/pts\/0\r\nshown\r\n/);
  assert.is(stdout.length, "/dev/pts/0\r\nshown\r\n".length + 3000 * "a line of output\r\n".length);
});
