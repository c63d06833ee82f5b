/** The built program, whose modules are loaded when they are used: everything that is loaded late, used once. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import * as assert from "uvu/assert";
import { writeLayout } from "../oci/layout-builder.ts";
import { unmet } from "../support/needs.ts";
import { suite } from "../support/suite.ts";
import { tempDir } from "../support/temp.ts";

const PROGRAM = resolve(import.meta.dirname, "../../dist/bin/atomic");
const test = suite(
  "scripts/lazy-modules",
  unmet({ root: true }) ?? (existsSync(PROGRAM) ? undefined : "needs dist/bin/atomic: npm run build"),
);
const dir = tempDir();
const at = (store: string) => ["--repo", join(dir, store)];

function atomic(...argv: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(PROGRAM, argv, { encoding: "utf8", env: { ATOMIC_PROGRESS: "none" } });
}

function succeeds(...argv: string[]): string {
  const { status, stdout, stderr } = atomic(...argv);
  assert.is(status, 0, stderr);
  return stdout;
}

test.before(() => {
  for (const store of ["publisher", "host"]) succeeds("repo", "init", ...at(store));
});

test("shows help and complains about words it does not know", () => {
  assert.match(succeeds("ps", "--help"), /List containers[\s\S]*-a, --all/);
  assert.match(succeeds("--help"), /COMMANDS|TOPICS/);
  const { status, stderr } = atomic("repo", "ls", "--rekursive", ...at("host"));
  assert.is(status, 2);
  assert.match(stderr, /^error: running 'atomic repo ls': unknown flag "--rekursive"/);
});

test("signs, compresses, serves and pulls over HTTP", async () => {
  const [tree, key] = [join(dir, "tree"), join(dir, "key")];
  mkdirSync(tree);
  writeFileSync(join(tree, "numbers"), Array.from({ length: 20_000 }, (_, n) => `${n}\n`).join(""));
  succeeds("repo", "keygen", key);
  const commit = succeeds("repo", "commit", "--tree", tree, "--ref", "os", "--sign-key", key, ...at("publisher"));
  succeeds("repo", "summary", "--sign-key", key, ...at("publisher"));
  const server = spawn(PROGRAM, ["repo", "serve", join(dir, "publisher"), "--listen", "127.0.0.1:0", "--json"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    succeeds("remote", "add", "origin", await urlOf(server), "--key", `${key}.pub`, ...at("host"));
    succeeds("repo", "pull", "origin:os", ...at("host"));
    succeeds("repo", "fsck", ...at("host"));
    assert.match(succeeds("repo", "ls", commit.trim(), ...at("host")), /numbers/);
  } finally {
    server.kill("SIGTERM");
  }
  assert.equal(await once(server, "exit"), [0, null]);
});

test("unpacks an image in threads of its own", () => {
  const layout = join(dir, "layout");
  writeLayout(layout, { layers: [[{ name: "file", content: "hello\n" }]], tag: "latest" });
  succeeds("pull", `oci:${layout}`, "--name=box", ...at("host"));
  assert.match(succeeds("images", ...at("host")), /box/);
});

async function urlOf({ stdout }: ChildProcess): Promise<string> {
  let text = "";
  for await (const chunk of stdout!) {
    text += String(chunk);
    if (text.endsWith("}\n")) return (JSON.parse(text) as { url: string }).url;
  }
  throw new Error(`the server said: ${text}`);
}
