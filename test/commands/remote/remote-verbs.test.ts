/** The verbs of remotes, as a script sees them. */
import { statSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { cli, cliJson } from "../../support/cli.ts";
import { suite } from "../../support/suite.ts";
import { tempDir } from "../../support/temp.ts";

const test = suite("commands/remote");
const dir = tempDir();
const store = join(dir, "store");
const [oldKey, newKey] = [join(dir, "old"), join(dir, "new")];
const remote = (...argv: string[]) => cli(["remote", ...argv, "--repo", store]);
const URL = "https://example.org/os";

test.before(() => {
  assert.is(cli(["repo", "init", "--repo", store]).status, 0);
  for (const file of [oldKey, newKey]) assert.is(cli(["repo", "keygen", file]).status, 0);
});

test("keygen keeps the secret to itself, and never replaces a key", () => {
  assert.equal(
    [oldKey, `${oldKey}.pub`].map((file) => statSync(file).mode & 0o777),
    [0o600, 0o644],
  );
  const { status, stderr } = cli(["repo", "keygen", oldKey]);
  assert.is(status, 1);
  assert.match(stderr, /^error: .*old.*exist/);
});

test("a remote is added with a key, or explicitly without", () => {
  const bare = remote("add", "os", URL);
  assert.equal(
    [bare.status, bare.stderr],
    [
      2,
      `error: adding remote "os": nobody could vouch for what it serves\nhint: atomic remote add os ${URL} --key FILE\n`,
    ],
  );
  assert.is(remote("add", "os", `${URL}/`, "--key", `${oldKey}.pub`).status, 0);
  assert.is(remote("add", "usb", "file:///mnt/usb", "--insecure").status, 0);
  const lines = remote("list").stdout.split("\n");
  assert.match(lines[1]!, /^os +atomic +https:\/\/example\.org\/os +old \([0-9a-f]{16}\)$/);
  assert.match(lines[2]!, /^usb +atomic +file:\/\/\/mnt\/usb +insecure$/);
});

test("keys are added and removed", () => {
  assert.is(remote("keys", "add", "os", `${newKey}.pub`).status, 0);
  assert.is(remote("keys", "remove", "os", "old").status, 0);
  const { json } = cliJson(["remote", "list", "--repo", store]);
  assert.equal(
    (json as { keys: { name: string }[] }[]).map(({ keys }) => keys.map(({ name }) => name)),
    [["new"], []],
  );
});

test("a remote is removed", () => {
  assert.is(remote("remove", "usb").stdout, "removed remote usb\n");
  assert.is(remote("remove", "usb").status, 1);
});
