/** The verbs of the store, as a script sees them: whole output, exit status, JSON. */
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  lutimesSync,
  rmSync,
} from "node:fs";
import { join, resolve } from "node:path";
import * as assert from "uvu/assert";
import { run } from "../../../src/spawn.ts";
import { cli, cliJson, type CliResult } from "../../support/cli.ts";
import { unmet } from "../../support/needs.ts";
import { suite } from "../../support/suite.ts";
import { tempDir } from "../../support/temp.ts";

const test = suite("commands/repo", unmet({ root: true }));
const TIME = 1_700_000_000;
const STRANGE = Buffer.from("/etc/\x1b[31mred\xff", "latin1");

const dir = tempDir();
const store = join(dir, "store");
const tree = join(dir, "tree");
const repo = (...argv: string[]): CliResult => cli(["repo", ...argv, "--repo", store]);
const repoJson = (...argv: string[]) => cliJson(["repo", ...argv, "--repo", store]).json;
const ok = (stdout: string): CliResult => ({ status: 0, stdout, stderr: "" });
const commitTree = (...flags: string[]) =>
  repo("commit", "--tree", tree, "--ref", "demo/stable", "--timestamp", String(TIME), ...flags);

let first = "";
let second = "";

test.before(() => {
  mkdirSync(join(tree, "etc"), { recursive: true, mode: 0o755 });
  mkdirSync(join(tree, "usr"), { mode: 0o755 });
  writeFileSync(join(tree, "usr/os-release"), "NAME=demo\n", { mode: 0o644 });
  writeFileSync(Buffer.concat([Buffer.from(tree), STRANGE]), "odd\n", { mode: 0o600 });
  symlinkSync("../usr/os-release", join(tree, "etc/os-release"));
  setTimes();
  assert.equal(repo("init"), ok(`made store ${store}\n`));
  first = commitTree("--version", "1.0", "--subject", "first").stdout.trim();
  writeFileSync(join(tree, "usr/os-release"), "NAME=demo\nVERSION=2\n");
  writeFileSync(join(tree, "usr/new"), "new\n", { mode: 0o755 });
  setTimes();
  second = commitTree("--version", "2.0").stdout.trim();
});

function setTimes(): void {
  lutimesSync(join(tree, "etc/os-release"), TIME, TIME);
  for (const name of ["usr/os-release", "usr/new", "etc", "usr", "."]) {
    if (existsSync(join(tree, name))) utimesSync(join(tree, name), TIME, TIME);
  }
  utimesSync(Buffer.concat([Buffer.from(tree), STRANGE]), TIME, TIME);
}

test("init refuses to make a store twice", () => {
  assert.equal(repo("init"), {
    status: 1,
    stdout: "",
    stderr: `error: making store ${store}: there is one already\nhint: atomic repo refs --repo ${store}\n`,
  });
});

test("commit prints the commit and nothing else", () => {
  assert.match(first, /^[0-9a-f]{64}$/);
  assert.is.not(first, second);
});

test("commit says in JSON what it stored", () => {
  assert.equal(repoJson("commit", "--tree", tree, "--ref", "other", "--timestamp", "5"), {
    commit: repo("show", "other", "--json").stdout.match(/"commit": "(.*)"/)?.[1],
    changed: true,
    files: 3,
    bytes: 28,
    newObjects: 1,
    newBytes: (repoJson("commit", "--tree", tree, "--ref", "other2", "--timestamp", "6") as { newBytes: number })
      .newBytes,
  });
});

test("commit fails on a missing tree in one line", () => {
  const { status, stderr } = repo("commit", "--tree", join(dir, "none"), "--ref", "x");
  assert.is(status, 1);
  assert.is(stderr, `error: committing ${dir}/none: not a directory\nhint: ls -ld ${dir}/none\n`);
});

test("commit refuses a ref that leaves the store", () => {
  const { status, stderr } = repo("commit", "--tree", tree, "--ref", "../../etc/passwd");
  assert.is(status, 2);
  assert.match(stderr, /^error: reading ref "\.\.\/\.\.\/etc\/passwd": expected .*\nhint: atomic repo refs\n$/);
});

test("ls lists a directory with names no terminal can be hurt by", () => {
  assert.equal(
    repo("ls", "demo/stable", "/etc"),
    ok("-rw-------  0  0  4  /etc/\\x1b[31mred\\xff\n" + "lrwxrwxrwx  0  0  0  /etc/os-release -> ../usr/os-release\n"),
  );
});

test("ls -R lists what is below, and takes commits, prefixes and parents", () => {
  const all = ok(
    "drwxr-xr-x  0  0   0  /etc\n" +
      "-rw-------  0  0   4  /etc/\\x1b[31mred\\xff\n" +
      "lrwxrwxrwx  0  0   0  /etc/os-release -> ../usr/os-release\n" +
      "drwxr-xr-x  0  0   0  /usr\n" +
      "-rw-r--r--  0  0  10  /usr/os-release\n",
  );
  for (const rev of [first, first.slice(0, 8), "demo/stable^"]) assert.equal(repo("ls", "-R", rev), all);
});

test("ls answers in JSON", () => {
  assert.equal(repoJson("ls", "demo/stable", "/etc/os-release"), [
    {
      path: "/etc/os-release",
      kind: "symlink",
      mode: "0777",
      uid: 0,
      gid: 0,
      mtime: TIME,
      target: "../usr/os-release",
      xattrs: {},
    },
  ]);
});

test("cat prints a file, by the name ls shows", () => {
  assert.equal(repo("cat", "demo/stable", "/usr/os-release"), ok("NAME=demo\nVERSION=2\n"));
  assert.equal(repo("cat", "demo/stable", String.raw`/etc/\x1b[31mred\xff`), ok("odd\n"));
  assert.equal(repo("cat", "demo/stable^", "usr/../usr//os-release"), ok("NAME=demo\n"));
});

for (const [path, found] of [
  ["/etc/os-release", "a symlink to ../usr/os-release"],
  ["/etc", "a directory"],
  ["/nope", "nothing"],
] as const) {
  test(`cat says what ${path} is instead of a file`, () => {
    const { status, stderr } = repo("cat", "demo/stable", path);
    assert.is(status, 1);
    assert.is(stderr.split("\n")[0], `error: reading ${path} of demo/stable: expected a file, found ${found}`);
  });
}

test("show prints what a commit says of itself", () => {
  const { stdout } = repo("show", "demo/stable^");
  const json = repoJson("show", first) as Record<string, string>;
  assert.is(
    stdout.replace(/\(.* ago\)/, "(long ago)"),
    [
      `commit:   ${first}`,
      "date:     2023-11-14 22:13:20 UTC (long ago)",
      "version:  1.0",
      "subject:  first",
      "content:  2 files, 14 B",
      `tree:     ${json["tree"]}`,
      `image:    ${json["image"]} (fs-verity)`,
      "",
    ].join("\n"),
  );
  assert.equal(Object.keys(json).sort(), [
    "bytes",
    "commit",
    "files",
    "image",
    "metadata",
    "subject",
    "timestamp",
    "tree",
    "version",
  ]);
});

test("log lists a commit and its ancestors", () => {
  assert.equal(
    repo("log", "demo/stable"),
    ok(
      `${second.slice(0, 12)}  2023-11-14 22:13:20 UTC  2.0\n` +
        `${first.slice(0, 12)}  2023-11-14 22:13:20 UTC  1.0  first\n`,
    ),
  );
});

test("diff lists what changed, from the parent if only one commit is given", () => {
  const changes = ok("A  /usr/new\nM  /usr/os-release\n");
  assert.equal(repo("diff", "demo/stable"), changes);
  assert.equal(repo("diff", first, second), changes);
  assert.equal(repo("diff", second, first), ok("D  /usr/new\nM  /usr/os-release\n"));
  assert.equal(repo("diff", first, first), ok(""));
  assert.equal(repoJson("diff", first, second), [
    { kind: "added", path: "/usr/new", after: "file" },
    { kind: "modified", path: "/usr/os-release", before: "file", after: "file" },
  ]);
});

test("refs lists, makes and deletes refs", () => {
  assert.equal(repo("refs", "--create", "tmp/a", "demo/stable^"), ok(`tmp/a is now ${first.slice(0, 12)}\n`));
  assert.equal(repo("refs", "tmp"), ok(`tmp/a  ${first}\n`));
  assert.equal(repoJson("refs", "tmp"), [{ ref: "tmp/a", commit: first }]);
  assert.equal(repo("refs", "--delete", "tmp/a"), ok("deleted tmp/a\n"));
  assert.is(repo("refs", "--delete", "tmp/a").status, 1);
  assert.match(
    repo("refs", "--delete", "deployed/os/x.0").stderr,
    /^error: deleting ref deployed\/os\/x\.0: a deployment needs it\n/,
  );
  assert.equal(repo("refs", "tmp"), ok(""));
  assert.is(repo("refs", "--create", "tmp/a").status, 2);
});

test("checkout writes the tree out, and never over something", () => {
  const copy = join(dir, "copy");
  assert.equal(repo("checkout", "demo/stable", copy), ok(`checked out demo/stable to ${copy}\n`));
  assert.is(readFileSync(join(copy, "etc/os-release"), "utf8"), "NAME=demo\nVERSION=2\n");
  assert.is(repo("checkout", "demo/stable", copy).status, 1);
  const sub = join(dir, "sub");
  assert.is(repo("checkout", "demo/stable", sub, "--subpath", "/usr").status, 0);
  assert.is(readFileSync(join(sub, "new"), "utf8"), "new\n");
});

test("dump and image describe the same tree", () => {
  assert.match(repo("dump", "demo/stable").stdout, /^\/ 0 40755 4 0 0 0 1700000000\.0 - - -\n\/etc 0 40755 /);
  const file = join(dir, "image");
  assert.equal(repo("image", "demo/stable", "-o", file), ok(`wrote ${file}\n`));
  const { stdout } = spawnSync(process.execPath, [MAIN, "repo", "image", "demo/stable", "--repo", store]);
  assert.ok(readFileSync(file).equals(stdout));
  const { image } = repoJson("show", "demo/stable") as { image: string };
  assert.equal(repo("image", "demo/stable", "--digest"), ok(`${image}\n`));
});

test("pull copies a commit and says when there is nothing new", () => {
  const other = join(dir, "other");
  assert.is(cli(["repo", "init", "--repo", other]).status, 0);
  const pull = () => cli(["repo", "pull", store, "demo/stable", "--repo", other]).stdout;
  assert.match(pull(), new RegExp(`^pulled ${second.slice(0, 12)}: \\d+ objects, .*B\\n$`));
  assert.is(pull(), `pulled ${second.slice(0, 12)}: nothing new\n`);
  assert.is(cli(["repo", "refs", "--repo", other]).stdout, `demo/stable  ${second}\n`);
});

test("a delta carries a commit to a store that has its parent", () => {
  const other = join(dir, "has-parent");
  cli(["repo", "init", "--repo", other]);
  cli(["repo", "pull", store, "demo/stable^", "--repo", other]);
  const made = repoJson("delta", "--to", "demo/stable") as { file: string; from: string; to: string; size: number };
  assert.equal([made.from, made.to], [first, second]);
  assert.is(made.file, join(store, `deltas/${first}-${second}.delta`));
  assert.is(readFileSync(made.file).length, made.size);
  const file = join(dir, "one.delta");
  const wrote = repo("delta", "--from", "demo/stable^", "--to", "demo/stable", "--output", file);
  assert.match(
    wrote.stdout,
    new RegExp(`^wrote the delta from ${first.slice(0, 12)} to ${second.slice(0, 12)}: .* in .*B\\n$`),
  );
  assert.ok(readFileSync(file).equals(readFileSync(made.file)));
  const applied = cli(["repo", "apply-delta", file, "--ref", "demo/stable", "--repo", other]);
  assert.match(applied.stdout, new RegExp(`^made ${second.slice(0, 12)}: \\d+ objects, .*B\\n$`));
  assert.is(cli(["repo", "refs", "--repo", other]).stdout, `demo/stable  ${second}\n`);
});

test("fsck finds a damaged object, exits 1, and repairs it from another store", () => {
  const other = join(dir, "good");
  cli(["repo", "init", "--repo", other]);
  cli(["repo", "pull", store, "demo/stable", "--repo", other]);
  const [entry] = repoJson("ls", "demo/stable", "/usr/new") as [{ checksum: string }];
  const { checksum } = entry;
  const object = join(store, "objects", checksum.slice(0, 2), `${checksum.slice(2)}.file`);
  rmSync(object); // an object may be immutable: its bytes are replaced, not edited
  writeFileSync(object, "bad\n");

  const damaged = repo("fsck");
  assert.is(damaged.status, 1);
  assert.match(
    damaged.stdout,
    new RegExp(`^defect: file ${checksum}: damaged: .*\\nchecked \\d+ objects, .*: 1 defect found\\n$`),
  );
  assert.is((repoJson("fsck") as { defects: unknown[] }).defects.length, 1);
  assert.is(repo("cat", "demo/stable", "/usr/new").stdout, "");

  const repaired = repo("fsck", "--repair", "--from", other);
  assert.is(repaired.status, 0);
  assert.match(repaired.stdout, /\n?checked \d+ objects, .*: 1 defect repaired, all is well\n$/);
  assert.match(repo("fsck").stdout, /^checked \d+ objects, .*: all is well\n$/);
  assert.is(repo("fsck", "--repair").status, 2);
});

test("prune counts first, keeps ancestors unless told otherwise, and removes what no ref reaches", () => {
  repo("refs", "--create", "keep", second);
  for (const ref of ["demo/stable", "other", "other2"]) repo("refs", "--delete", ref);
  const { removed: unreachable } = repoJson("prune") as { removed: number };
  assert.is(unreachable, 2); // the commits of "other" and "other2"
  assert.is(repo("show", first).status, 0);
  const { removed } = repoJson("prune", "--depth", "0", "--dry-run") as { removed: number };
  assert.ok(removed > 0);
  assert.match(repo("prune", "--depth", "0", "--dry-run").stdout, new RegExp(`^would remove ${removed} objects, `));
  assert.match(repo("prune", "--depth", "0").stdout, new RegExp(`^removed ${removed} objects, .*; kept \\d+\\n$`));
  assert.is(repo("show", first).status, 1);
  assert.is(repo("show", second).status, 0);
});

test("stops quietly when nobody reads on", () => {
  const script = `"$0" "$1" repo dump keep --repo "$2" | head -c 1; exit "\${PIPESTATUS[0]}"`;
  const { status, stdout, stderr } = spawnSync("bash", ["-c", script, process.execPath, MAIN, store], {
    encoding: "utf8",
  });
  assert.equal({ status, stdout, stderr }, { status: 0, stdout: "/", stderr: "" });
});

test("reports progress in JSON on standard error", () => {
  const { stdout, stderr } = repo("commit", "--tree", tree, "--ref", "p", "--progress", "json");
  assert.match(stdout, /^[0-9a-f]{64}\n$/);
  const events = stderr
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { progress: string; finished: boolean });
  assert.ok(events.some(({ progress, finished }) => progress === "storing files" && finished));
});

const MAIN = resolve(import.meta.dirname, "../../../src/main.ts");

test.needs({ mounts: true })("means the physical root's store on a booted host", () => {
  const root = join(dir, "booted");
  const scratch = join(dir, "scratch");
  for (const path of [root, scratch]) mkdirSync(path);
  run(["mount", "-t", "tmpfs", "scratch", scratch]);
  for (const name of ["upper", "work"]) mkdirSync(join(scratch, name));
  const layers = `lowerdir=/,upperdir=${join(scratch, "upper")},workdir=${join(scratch, "work")}`;
  run(["mount", "-t", "overlay", "-o", layers, "overlay", root]);
  for (const path of ["/proc", dir, resolve(".")]) {
    mkdirSync(join(root, path), { recursive: true }); // it may be a mount of its own
    run(["mount", "--rbind", path, join(root, path)]);
  }
  mkdirSync(join(root, "sysroot/atomic"), { recursive: true });
  symlinkSync(store, join(root, "sysroot/atomic/repo"));
  const { stdout } = run(["chroot", root, process.execPath, resolve("src/main.ts"), "repo", "refs"]);
  assert.is(stdout.toString(), repo("refs").stdout);
  run(["umount", "--recursive", root]);
  run(["umount", scratch]);
});
