import * as assert from "uvu/assert";
import { suite } from "../../support/suite.ts";
import { type Fixture, namedFixture, namedUnmet } from "./named-fixture.ts";

const test = suite("containers that take all they can get", namedUnmet());

let fixture: Fixture;
test.before(() => {
  fixture = namedFixture({ box: {} }, ["dd", "echo", "sh", "sleep"]);
});
test.after(() => {
  fixture.clear();
  fixture.unmountAll();
});

test("holds a fork bomb within its limit, and ends it", () => {
  const bomb = "bomb() { bomb | bomb & }; bomb; sleep 2; echo survived";
  const { stdout } = fixture.atomic(
    "run",
    "-d",
    "--name=bomb",
    "--net=none",
    "--pids-limit=64",
    "box",
    "sh",
    "-c",
    bomb,
  );
  assert.is(stdout, "bomb\n");
  const stats = JSON.parse(fixture.atomic("stats", "--json").stdout) as { name: string; pids: number }[];
  for (const { pids } of stats) assert.ok(pids <= 64, `${pids} processes`);
  assert.is(fixture.atomic("rm", "-f", "bomb").status, 0);
  assert.equal(fixture.list(), []);
});

test("tells a program that a tmpfs is full", () => {
  const { status, stderr } = fixture.atomic(
    ...[
      "run",
      "--rm",
      "--net=none",
      "--tmpfs=/tmp:size=1m",
      "box",
      "dd",
      "if=/dev/zero",
      "of=/tmp/x",
      "bs=64k",
      "count=64",
    ],
  );
  assert.is(status, 1);
  assert.match(stderr, /No space left on device/);
  assert.equal(fixture.list(), []);
});
