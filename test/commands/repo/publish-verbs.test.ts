/** The verbs with which a publisher reaches hosts, as a script uses them. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { cli, cliJson, MAIN } from "../../support/cli.ts";
import { unmet } from "../../support/needs.ts";
import { suite } from "../../support/suite.ts";
import { tempDir } from "../../support/temp.ts";

const test = suite("commands/repo: publishing", unmet({ root: true }));
const dir = tempDir();
const [tree, key, www] = [join(dir, "tree"), join(dir, "key"), join(dir, "www")];
const at = (store: string) => ["--repo", join(dir, store)];

function release(version: string, host: string): void {
  writeFileSync(join(tree, "etc/os-release"), `VERSION_ID=${version}\n`);
  const flags = ["--tree", tree, "--ref", "os", "--version", version, "--sign-key", key];
  assert.is(cli(["repo", "commit", ...at(host), ...flags]).status, 0);
}

test.before(() => {
  mkdirSync(join(tree, "etc"), { recursive: true });
  for (const store of ["publisher", "host"]) assert.is(cli(["repo", "init", ...at(store)]).status, 0);
  assert.is(cli(["repo", "keygen", key]).status, 0);
  release("1", "publisher");
  assert.is(cli(["repo", "summary", ...at("publisher"), "--sign-key", key]).status, 0);
});

test("push says what it brought", () => {
  const { stdout } = cli(["repo", "push", www, ...at("publisher")]);
  assert.match(stdout, /^pushed to .*\/www: 2 files, [0-9.]+ (B|KiB)\n$/);
  assert.is(cli(["repo", "push", www, ...at("publisher")]).stdout, `pushed to ${www}: nothing new\n`);
});

test("serve says where, hosts pull from there, and a signal ends it", async () => {
  const server = spawn(process.execPath, [MAIN, "repo", "serve", www, "--listen", "127.0.0.1:0", "--json"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const { url } = await firstJson(server);
    assert.is(cli(["remote", "add", "origin", url, "--key", `${key}.pub`, ...at("host")]).status, 0);
    const { json } = cliJson(["repo", "pull", "origin:os", ...at("host")]);
    assert.ok((json as { objects: number }).objects > 0);
  } finally {
    server.kill("SIGTERM");
  }
  assert.equal(await once(server, "exit"), [0, null]);
});

async function firstJson({ stdout }: ChildProcess): Promise<{ url: string }> {
  let text = "";
  for await (const chunk of stdout!) {
    text += String(chunk);
    if (text.endsWith("}\n")) return JSON.parse(text) as { url: string };
  }
  throw new Error(`the server said: ${text}`);
}

test("serve refuses an address it cannot read", () => {
  const addresses = ["8080", "localhost", "127.0.0.1:99999", "::1:80", ""];
  for (const address of addresses) {
    const { status, stderr } = cli(["repo", "serve", www, "--listen", address]);
    assert.is(status, 2, address);
    assert.match(stderr, /expected ADDRESS:PORT/);
  }
});

test("a bundle is pulled by those who accept its key", () => {
  const bundle = join(dir, "os.bundle");
  const { stdout } = cli(["repo", "bundle", bundle, "os", "--sign-key", key, ...at("publisher")]);
  assert.match(stdout, /^wrote [0-9a-f]{12}: 4 objects, [0-9]+ B in [0-9.]+ (B|KiB)\n$/);
  assert.is(cli(["repo", "init", ...at("offline")]).status, 0);
  assert.match(cli(["repo", "pull", bundle, ...at("offline")]).stderr, /^error: .* no accepted key of any remote/);
  const url = "https://example.org/os";
  assert.is(cli(["remote", "add", "origin", url, "--key", `${key}.pub`, ...at("offline")]).status, 0);
  assert.match(cli(["repo", "pull", bundle, ...at("offline")]).stdout, /^pulled [0-9a-f]{12}: 4 objects, .*\ned25519 /);
  const { status, stderr } = cli(["repo", "bundle", bundle, "os^", ...at("publisher")]);
  assert.equal([status, stderr.split("\n")[0]], [1, "error: resolving os^: the commit has no parent"]);
});
