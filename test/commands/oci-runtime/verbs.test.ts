import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { makeBundle } from "../../support/bundle.ts";
import { type CliResult, runtimeCli } from "../../support/cli.ts";
import { containersUnmet } from "../../support/containers.ts";
import { unmet } from "../../support/needs.ts";
import { suite } from "../../support/suite.ts";
import { tempDir } from "../../support/temp.ts";

const test = suite("atomic-runtime", containersUnmet() ?? unmet({ files: ["/sys/fs/cgroup/memory/cgroup.procs"] }));

const directory = tempDir();
const state = join(directory, "state");
const id = `atomic-test-verbs-${process.pid}`;
const runtime = (...argv: string[]): CliResult => runtimeCli(["--root", state, ...argv]);

test.before(() => {
  assert.equal(runtime("create", "--bundle", makeBundle(), id), { status: 0, stdout: "", stderr: "" });
  assert.is(runtime("start", id).status, 0);
});
test.after(() => void runtime("delete", "--force", id));

interface Listed {
  id: string;
  pid: number;
  status: string;
}
const listed = (): Listed => (JSON.parse(runtime("list", "--format", "json").stdout) as [Listed])[0];
const limit = (controller: string, file: string): string =>
  readFileSync(join("/sys/fs/cgroup", controller, "atomic", id, file), "utf8").trim();

test("lists a container's processes", () => {
  const { pid, status } = listed();
  assert.is(status, "running");
  assert.equal(JSON.parse(runtime("ps", "--format", "json", id).stdout), [pid]);
  assert.match(runtime("ps", id).stdout, new RegExp(`^UID .*\\n\\S+ +${pid} .* sleep 1000\\n$`));
  assert.is(runtime("ps", id, "-eo", "pid,comm").stdout.trimEnd().split("\n").length, 2);
  assert.match(runtime("ps", id, "-o", "comm").stderr, /it shows no PID/);
});

test("changes limits by options and from a file, and leaves the others alone", () => {
  const { stderr, status } = runtime("update", "--memory", "67108864", "--pids-limit", "20", id);
  assert.is(status, 0, stderr);
  assert.equal([limit("memory", "memory.limit_in_bytes"), limit("pids", "pids.max")], ["67108864", "20"]);
  const file = join(directory, "limits.json");
  writeFileSync(file, JSON.stringify({ memory: { limit: 134217728 }, cpu: { shares: 512 } }));
  assert.is(runtime("update", "--resources", file, id).status, 0);
  assert.is(runtime("update", "--pids-limit", "-1", id).status, 0);
  assert.equal(
    [limit("memory", "memory.limit_in_bytes"), limit("pids", "pids.max"), limit("cpu", "cpu.shares")],
    ["134217728", "max", "512"],
  );
});

test("says what it can do", () => {
  const features = JSON.parse(runtime("features").stdout) as {
    ociVersionMax: string;
    hooks: string[];
    mountOptions: string[];
    linux: { namespaces: string[]; cgroup: Record<string, boolean> };
  };
  const { ociVersionMax, hooks, mountOptions, linux } = features;
  assert.is(ociVersionMax, "1.2.1");
  assert.equal(hooks, ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"]);
  assert.ok(["ro", "rro", "rbind", "rslave", "idmap"].every((option) => mountOptions.includes(option)));
  assert.is(linux.namespaces.length, 8);
  assert.equal([linux.cgroup["v1"], linux.cgroup["systemd"]], [true, false]);
});

for (const [argv, message] of [
  [["update", id], /expected a limit/],
  [["update", "--memory", "1g", id], /--memory 1g: expected a number/],
  [["update", "--resources", "/dev/null", id], /not JSON/],
  [["update", "--memory", "1", "nosuch"], /it does not exist/],
  [["ps", "--format", "xml", id], /expected table or json/],
  [["--systemd-cgroup", "create", "x"], /by systemd: it is not supported/],
] as const)
  test(`refuses: ${argv.join(" ").replaceAll(id, "ID")}`, () => {
    const { status, stderr } = runtime(...argv);
    assert.ok(status === 1 || status === 2);
    assert.match(stderr, message);
  });
