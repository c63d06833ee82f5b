import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import * as assert from "uvu/assert";
import { suite } from "../support/suite.ts";
import { tempDir } from "../support/temp.ts";

const DIST = resolve(import.meta.dirname, "../../dist");
/** Enough bytes for `repo commit` to start its worker threads. */
const LARGE = 24 << 20;

const test = suite("scripts/build");

/** Runs a program with an empty environment. */
function run(argv: string[], cwd = "/"): { status: number | null; stdout: string; stderr: string } {
  const [program, ...args] = argv as [string, ...string[]];
  return spawnSync(program, args, { cwd, env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" }, encoding: "utf8" });
}

/** A root directory with dist/ under another name, the C and C++ libraries, and nothing else. */
function bareRoot(): string {
  const root = tempDir();
  cpSync(DIST, join(root, "opt/elsewhere"), { recursive: true });
  const modules = readdirSync(join(DIST, "lib/atomic")).filter((name) => name.endsWith(".node"));
  const programs = [join(DIST, "bin/atomic"), ...modules.map((name) => join(DIST, "lib/atomic", name))];
  for (const [library] of run(["ldd", ...programs]).stdout.matchAll(/\/lib\S+(?= \(0x)/g)) {
    mkdirSync(join(root, dirname(library)), { recursive: true });
    cpSync(library, join(root, library), { dereference: true });
  }
  for (const name of ["etc", "proc", "tree"]) mkdirSync(join(root, name));
  return root;
}

test.needs({ mounts: true, programs: ["ldd", "chroot", "mount", "umount"] })(
  "runs from another place on a system without Node, Bun, a temporary directory or an environment",
  () => {
    const root = bareRoot();
    for (const name of ["a", "b", "c"]) writeFileSync(join(root, "tree", name), Buffer.alloc(LARGE, name));
    const before = readdirSync(root);
    assert.is(run(["mount", "-t", "proc", "proc", join(root, "proc")]).status, 0);
    try {
      const atomic = ["chroot", root, "/opt/elsewhere/bin/atomic"];
      assert.match(run([...atomic, "--version"]).stdout, /^atomic \d+\.\d+\.\d+\n$/);
      assert.match(run([...atomic, "repo", "init", "--help"]).stdout, /^USAGE$/m);
      assert.is(run([...atomic, "repo", "init", "--repo", "/repo"]).stderr, "");
      const commit = run([...atomic, "repo", "commit", "--repo", "/repo", "--tree", "/tree", "--ref", "test/host"]);
      assert.match(commit.stdout, /^[0-9a-f]{64}\n$/, commit.stderr);
      assert.is(commit.status, 0);
    } finally {
      run(["umount", join(root, "proc")]);
    }
    assert.equal(readdirSync(root).sort(), [...before, "repo"].sort(), "nothing was unpacked");
  },
);

test("is not configured by the directory it runs in", () => {
  const directory = tempDir();
  writeFileSync(join(directory, ".env"), "ATOMIC_SYSROOT=/from/dotenv\n");
  writeFileSync(join(directory, "bunfig.toml"), 'preload = ["./preload.ts"]\n');
  writeFileSync(join(directory, "preload.ts"), 'console.log("preloaded");\n');
  const { stdout, stderr } = run([join(DIST, "bin/atomic"), "repo", "refs"], directory);
  assert.is(stdout, "");
  assert.not.match(stderr, "dotenv");
});
