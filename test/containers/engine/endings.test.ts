import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { finishContainer, openEngine, readNamed } from "../../../src/containers/index.ts";
import { createDurable } from "../../../src/durable.ts";
import { isAtomicError } from "../../../src/errors.ts";
import { openRepo } from "../../../src/ostree/index.ts";
import { boxSuite, eventually } from "./box-suite.ts";

const { test, fixture, atomic, detached } = boxSuite("what becomes of containers");

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
  const { sysroot } = fixture();
  await eventually(() => readFileSync(`${sysroot}/atomic/containers/hungry/exit.json`, "utf8").includes("outOfMemory"));
  assert.match(atomic("ps", "-a").stdout, /exited [(]137, out of memory[)]/);
});

test("kills a program that does not care for being asked", () => {
  detached("stubborn", "trap '' TERM; sleep 1000 & wait; sleep 1000");
  assert.is(atomic("stop", "-t=1", "stubborn").status, 0);
  assert.is(fixture().list()[0]?.exitCode, 137);
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
  assert.is(fixture().list()[0]?.exitCode, 7);
  assert.match(atomic("run", "--rm", "--net=none", "--init", "box", "nosuch").stderr, /nosuch/);
});

test("says when nobody saw how it ended", async () => {
  detached("unseen", "true");
  atomic("wait", "unseen");
  const { sysroot, run } = fixture();
  rmSync(join(sysroot, "atomic/containers/unseen/exit.json"));
  const engine = openEngine(sysroot, openRepo(join(sysroot, "atomic/repo"), createDurable()), run);
  const started = { container: readNamed(engine, "unseen"), warnings: [], ended: Promise.resolve(125) };
  const finished = await finishContainer(engine, started).catch((error: unknown) => error);
  assert.ok(isAtomicError(finished, "io"));
});
