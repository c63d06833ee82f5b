import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import type { CliResult } from "../../support/cli.ts";
import { suite } from "../../support/suite.ts";
import { type Fixture, namedFixture, namedUnmet } from "./named-fixture.ts";

const test = suite("what becomes of containers", namedUnmet());

let fixture: Fixture;
const atomic = (...argv: string[]): CliResult => fixture.atomic(...argv);

test.before(() => {
  fixture = namedFixture({ box: {} }, ["cat", "echo", "mkdir", "rm", "sh", "sleep", "touch", "true"]);
});
test.after(() => {
  fixture.clear();
  fixture.unmountAll();
});
test.after.each(() => fixture.clear());

/** A container in the background without a network. */
function detached(name: string, script: string, ...options: string[]): void {
  const { status, stderr } = atomic("run", "-d", `--name=${name}`, "--net=none", ...options, "box", "sh", "-c", script);
  assert.is(status, 0, stderr);
}

async function eventually(condition: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 600 && !condition(); attempt++) await sleep(50);
  assert.ok(condition());
}

test("lists what a container added, changed and deleted", () => {
  detached("changer", "echo x > /etc/passwd; rm /bin/true; mkdir /new; touch /new/file; touch /gone; rm /gone");
  atomic("wait", "changer");
  const { stdout } = atomic("diff", "changer");
  assert.match(stdout, /C \/bin\nD \/bin\/true\n[^]*C \/etc\nC \/etc\/passwd\n[^]*A \/new\nA \/new\/file\n/);
  assert.not.match(stdout, /gone/);
});

test("shows the program that starts a container", () => {
  detached("web", "sleep 1000");
  assert.match(atomic("inspect", "--launch", "web").stdout, /^changing the root directory\n +\d+ {2}fchdir\(/m);
  atomic("stop", "-t=0", "web");
  assert.match(atomic("inspect", "--launch", "web").stderr, /it does not run/);
});

test("says that memory ran out", async () => {
  // The shell's variable doubles until it is too large for its memory.
  detached("hungry", "x=xxxxxxxxxxxxxxxx; while true; do x=$x$x; done", "-m=16m", "--memory-swap=16m");
  assert.is(atomic("wait", "hungry").stdout, "137\n");
  const { sysroot } = fixture;
  await eventually(() => readFileSync(`${sysroot}/atomic/containers/hungry/exit.json`, "utf8").includes("outOfMemory"));
  assert.match(atomic("ps", "-a").stdout, /exited [(]137, out of memory[)]/);
});

test("kills a program that does not care for being asked", () => {
  detached("stubborn", "trap '' TERM; sleep 1000 & wait; sleep 1000");
  assert.is(atomic("stop", "-t=1", "stubborn").status, 0);
  assert.is(fixture.list()[0]?.exitCode, 137);
});

test("keeps its watcher small", () => {
  detached("small", "sleep 1000");
  const { pid } = JSON.parse(atomic("inspect", "small").stdout) as { pid: number };
  const parent = Number(/^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
  const rss = Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${parent}/status`, "utf8"))?.[1]);
  assert.ok(rss < 200, `${rss} kB`);
});

test("watches the program by a first process of its own that reaps and forwards", () => {
  // Orphans of the shell are the first process's; a zombie would stay in the list.
  const script =
    "(sleep 0.1 &); sleep 0.5; cat /proc/1/comm; echo $$; for s in /proc/[0-9]*/stat; do cat $s; done; exit 9";
  const { status, stdout } = atomic("run", "--rm", "--net=none", "--init", "box", "sh", "-c", script);
  assert.is(status, 9);
  assert.match(stdout, /^(?!sh)\S+\n2\n/);
  assert.not.match(stdout, /\) Z /);
  detached("trapping", "trap 'exit 7' TERM; while true; do sleep 0.1; done", "--init");
  assert.is(atomic("stop", "-t=60", "trapping").status, 0);
  assert.is(fixture.list()[0]?.exitCode, 7);
  assert.match(atomic("run", "--rm", "--net=none", "--init", "box", "nosuch").stderr, /nosuch/);
});
