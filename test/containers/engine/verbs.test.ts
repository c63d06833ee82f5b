import * as assert from "uvu/assert";
import { boxSuite } from "./box-suite.ts";

const { test, fixture, atomic, detached } = boxSuite("verbs of containers");

test("restarts and renames a container, and keeps what it printed", () => {
  detached("old", "echo started; sleep 1000");
  assert.is(atomic("rename", "old", "new").status, 0);
  assert.is(atomic("restart", "-t=0", "new").stdout, "new\n");
  assert.is(atomic("logs", "new").stdout, "started\nstarted\n");
  detached("other", "sleep 1000");
  assert.match(atomic("rename", "new", "other").stderr, /there is one called other/);
  assert.match(atomic("rename", "new", "../x").stderr, /the container's name/);
  assert.equal(
    fixture()
      .list()
      .map(({ name, status }) => [name, status]),
    [
      ["new", "running"],
      ["other", "running"],
    ],
  );
});

test("lists the processes of a container", () => {
  detached("web", "sleep 1000 & sleep 1001");
  const { stdout } = atomic("top", "web");
  assert.match(stdout, /sleep 1000\n/);
  assert.match(stdout, /sleep 1001\n/);
  atomic("stop", "-t=0", "web");
  assert.match(atomic("top", "web").stderr, /it is exited/);
});

test("follows what a container prints until it ends, and shows a part of it", () => {
  detached("talker", "echo one; sleep 1; echo two; echo three");
  assert.is(atomic("logs", "--follow", "talker").stdout, "one\ntwo\nthree\n");
  assert.is(atomic("logs", "--tail=2", "talker").stdout, "two\nthree\n");
  assert.is(atomic("logs", "--since=1h", "talker").stdout, "one\ntwo\nthree\n");
  assert.is(atomic("logs", "--since=2100-01-01", "talker").stdout, "");
  assert.match(atomic("logs", "-t", "talker").stdout, /^(\d{4}-\d\d-\d\dT[\d:.]+Z \w+\n){3}$/);
  assert.is(atomic("logs", "--since=yesterday", "talker").status, 2);
});
