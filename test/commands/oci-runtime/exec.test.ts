import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { makeBundle } from "../../support/bundle.ts";
import { type CliResult, runtimeCli } from "../../support/cli.ts";
import { containersUnmet } from "../../support/containers.ts";
import { suite } from "../../support/suite.ts";
import { tempDir } from "../../support/temp.ts";

const test = suite("atomic-runtime exec", containersUnmet());

const state = join(tempDir(), "state");
const id = `atomic-test-runtime-${process.pid}`;
const runtime = (...argv: string[]): CliResult => runtimeCli(["--root", state, ...argv]);
const exec = (...argv: string[]): CliResult => runtime("exec", ...argv);

test.before(() => {
  assert.equal(runtime("create", "--bundle", makeBundle(), id), { status: 0, stdout: "", stderr: "" });
  assert.is(runtime("start", id).status, 0);
});
test.after(() => void runtime("delete", "--force", id));

test("passes the exit status and both streams through", () => {
  assert.equal(exec(id, "sh", "-c", "echo out; echo err >&2; exit 7"), { status: 7, stdout: "out\n", stderr: "err\n" });
  assert.is(exec(id, "sh", "-c", "kill -TERM $$").status, 143);
});

test("takes options before the container's name only", () => {
  const { stdout } = exec(
    "-e",
    "A=b",
    "--cwd=/tmp",
    "-u",
    "5:6",
    id,
    "sh",
    "-c",
    'echo $A; pwd; id; echo "$@"',
    "-e",
    "-u",
  );
  assert.is(stdout, "b\n/tmp\nuid=5 gid=6\n-u\n");
});

test("takes the process from a file, and writes its number", () => {
  const directory = tempDir();
  const [file, pidFile] = [join(directory, "process.json"), join(directory, "pid")];
  writeFileSync(file, JSON.stringify({ user: { uid: 1, gid: 2 }, cwd: "/", args: ["/bin/sleep", "1000"] }));
  assert.is(exec("--process", file, "--detach", "--pid-file", pidFile, id).status, 0);
  assert.match(readFileSync(`/proc/${readFileSync(pidFile, "utf8")}/cmdline`, "utf8"), /^\/bin\/sleep\0/);
});

test("adds capabilities to those of the container", () => {
  const caps = (...more: string[]) => exec(...more, id, "grep", "^CapEff", "/proc/self/status").stdout;
  assert.is(caps("--cap", "CAP_KILL"), `CapEff:\t${"20".padStart(16, "0")}\n`);
  assert.is(caps(), `CapEff:\t${"0".repeat(16)}\n`);
});

for (const [argv, message] of [
  [[], /expected the name of one container/],
  [["id"], /it does not exist/],
  [["--nosuch", "id", "true"], /nosuch/],
  [["-u", "0x10", id, "true"], /--user 0x10/],
  [["-u", " 1", id, "true"], /--user {2}1/],
  [["-u", "1:2:3", id, "true"], /--user 1:2:3/],
  [["-u", "", id, "true"], /--user/],
  [["-u", "4294967295", id, "true"], /--user 4294967295/],
  [[id], /expected the program/],
  [[id, "nosuch"], /executing nosuch/],
  [["--process", "/no/such", id], /reading \/no\/such/],
  [["--process", "/proc/self/stat", id], /is not JSON/],
] as const)
  test(`refuses: exec ${argv.join(" ").replaceAll(id, "ID")}`, () => {
    const { status, stderr } = exec(...argv);
    assert.ok(status === 1 || status === 2, String(status));
    assert.match(stderr, message);
  });

test("leaves nothing running when the container is deleted", () => {
  const pidFile = join(tempDir(), "pid");
  assert.is(exec("-d", "--pid-file", pidFile, id, "sleep", "1000").status, 0);
  const pid = readFileSync(pidFile, "utf8");
  assert.is(runtime("delete", "--force", id).status, 0);
  assert.not.ok(existsSync(`/proc/${pid}/exe`));
});
