import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { cli, cliJson } from "../support/cli.ts";
import { unmet } from "../support/needs.ts";
import { suite } from "../support/suite.ts";
import { tempDir } from "../support/temp.ts";

const test = suite("commands/compose", unmet({ root: true }));
const dir = tempDir();
const store = join(dir, "store");
const file = join(dir, "host.yaml");
const FILE = `format: 1
ref: demo/host
version: "1.0"
timestamp: 1700000000
base: none
files:
  etc/motd: "hello\\n"
  usr/lib/modules/6.1/vmlinuz: kernel
  usr/lib/modules/6.1/initramfs.img: initramfs
`;

test.before(() => {
  writeFileSync(file, FILE);
  assert.is(cli(["repo", "init", "--repo", store]).status, 0);
});

test("builds what the file says, and prints the commit", () => {
  const { status, stdout, stderr } = cli(["compose", file, "--repo", store, "--scratch", dir]);
  assert.equal({ status, stderr }, { status: 0, stderr: "" });
  assert.is(cli(["repo", "refs", "--repo", store]).stdout, `demo/host  ${stdout}`);
  assert.is(cli(["repo", "cat", "demo/host", "/usr/etc/motd", "--repo", store]).stdout, "hello\n");
});

test("takes settings over the file's, and tells in JSON what was made", () => {
  const argv = ["compose", file, "--repo", store, "--scratch", dir, "--set", "version=2.0", "--set", "ref=demo/lab"];
  const { status, json } = cliJson(argv);
  assert.is(status, 0);
  const { ref, version, kernel, changed } = json as Record<string, unknown>;
  assert.equal({ ref, version, kernel, changed }, { ref: "demo/lab", version: "2.0", kernel: "6.1", changed: true });
});

test("reports its steps as progress", () => {
  const { stderr } = cli(["compose", file, "--repo", store, "--scratch", dir, "--progress", "json"]);
  const events = stderr
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { progress: string; finished: boolean });
  const names = new Set(events.filter(({ finished }) => finished).map(({ progress }) => progress));
  assert.ok(names.size > 2, stderr);
  assert.ok(names.has("storing files"));
});

test("names a file that is not there, or says something unknown", () => {
  const missing = cli(["compose", join(dir, "none.yaml"), "--repo", store]);
  assert.is(missing.status, 1);
  assert.match(missing.stderr, /^error: reading the compose file .*none\.yaml: .*\n$/);
  const unknown = cli(["compose", file, "--repo", store, "--set", "colour=red"]);
  assert.is(unknown.status, 1);
  assert.match(unknown.stderr, new RegExp(`^error: .*${file}.*colour.*\n`));
});
