import { spawnSync } from "node:child_process";
import * as assert from "uvu/assert";
import { type CliResult, MAIN } from "../../support/cli.ts";
import { suite } from "../../support/suite.ts";
import { tempDir } from "../../support/temp.ts";
import { type Fixture, namedFixture, namedUnmet } from "./named-fixture.ts";

const test = suite("atomic exec", namedUnmet());

let fixture: Fixture;
const atomic = (...argv: string[]): CliResult => fixture.atomic(...argv);
test.before(() => {
  fixture = namedFixture({ box: {} }, ["sh", "cat", "echo", "id", "sleep", "true"]);
  assert.is(atomic("run", "-d", "--network=none", "--name=there", "-e", "OWN=own", "box", "sleep", "1000").status, 0);
});
test.after(() => {
  fixture.clear();
  fixture.unmountAll();
});

test("runs programs without a terminal: input, both outputs, status", () => {
  const exec = (...argv: string[]): CliResult => atomic("exec", ...argv);
  assert.equal(exec("there", "sh", "-c", "echo $OWN; echo err >&2; exit 7"), {
    status: 7,
    stdout: "own\n",
    stderr: "err\n",
  });
  assert.is(exec("-d", "there", "sh", "-c", "echo done > /tmp/detached").status, 0);
  while (exec("there", "cat", "/tmp/detached").stdout !== "done\n");
});

for (const [argv, code, message] of [
  [["exec"], 2, /expected a container and a program/],
  [["exec", "-td", "there", "true"], 2, /nobody would use the terminal/],
  [["exec", "-e", "=x", "there", "true"], 2, /reading --env/],
  [["exec", "-u", "nosuch", "there", "true"], 1, /no user "nosuch"/],
  [["exec", "there", "nosuch"], 1, /executing nosuch/],
  [["exec", "-w", "/no", "there", "true"], 1, /changing to the directory \/no/],
] as const)
  test(`says what is wrong: ${argv.join(" ")}`, () => {
    const { status, stderr } = atomic(...argv);
    assert.match(stderr, message);
    assert.is(status, code);
  });

test("says that a container does not run", () => {
  assert.is(atomic("pause", "there").status, 0);
  assert.match(atomic("exec", "there", "true").stderr, /it is paused.*atomic unpause there/s);
  assert.is(atomic("unpause", "there").status, 0);
  atomic("stop", "-t", "0", "there");
  assert.match(atomic("exec", "there", "true").stderr, /it is exited.*atomic start there/s);
});

test("stays inside a container that was made in a chroot", () => {
  const root = tempDir();
  const script = `
    mount --rbind / ${root} && mount --make-rprivate ${root} || exit
    atomic() { chroot ${root} ${process.execPath} ${MAIN} "$@"; }
    atomic run -d --name=confined --net=none box sleep 1000 >/dev/null
    atomic exec confined cat /etc/passwd
    atomic rm --force confined >/dev/null
  `;
  const env = { PATH: process.env["PATH"] ?? "", ...fixture.env };
  const { stdout, stderr } = spawnSync("unshare", ["--mount", "sh", "-c", script], { encoding: "utf8", env });
  assert.equal([stdout, stderr], ["root:x:0:0::/root:/bin/sh\nweb:x:33:33::/tmp:/bin/sh\n", ""]);
});
