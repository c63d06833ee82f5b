import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import { boxSuite, eventually } from "./box-suite.ts";

const { test, fixture, atomic, detached } = boxSuite("restarting containers");

const look = (name: string) => fixture().look(name);

test("starts a container again that fails, as often as it may", async () => {
  detached("failing", "echo started; exit 3", "--restart=on-failure:2");
  await eventually(() => look("failing").lines === 3 && look("failing").status === "exited");
  await sleep(1000);
  assert.is(look("failing").lines, 3);
  detached("fine", "echo started", "--restart=on-failure");
  await eventually(() => look("fine").status === "exited");
  await sleep(500);
  assert.is(look("fine").lines, 1);
});

test("starts one always, until the operator stops it, and again after a boot", async () => {
  detached("always", "echo started; sleep 1000", "--restart=always");
  const { pid } = JSON.parse(atomic("inspect", "always").stdout) as { pid: number };
  process.kill(pid, "SIGKILL");
  await eventually(() => look("always").lines === 2 && look("always").status === "running");
  assert.is(atomic("stop", "-t=0", "always").status, 0);
  await sleep(700);
  assert.is(look("always").status, "exited");
  detached("unless", "sleep 1000", "--restart=unless-stopped");
  detached("never", "sleep 1000");
  for (const name of ["unless", "never"]) atomic("kill", name);
  await eventually(() => look("unless").status === "exited");
  assert.is(atomic("start", "--all").stdout, "always\n");
  assert.is(atomic("start").status, 2);
});
