import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import * as assert from "uvu/assert";
import { VERBS } from "../../src/commands/table.ts";
import { cli, cliJson } from "../support/cli.ts";
import { suite } from "../support/suite.ts";
import pkg from "../../package.json" with { type: "json" };

const test = suite("commands/run-cli");
const EMPTY = "/nonexistent/sysroot";

test("prints its version", () => {
  assert.equal(cli(["--version"]), { status: 0, stdout: `atomic ${pkg.version}\n`, stderr: "" });
});

test("prints help without arguments and for --help", () => {
  const { status, stdout, stderr } = cli([]);
  assert.is(status, 0);
  assert.is(stderr, "");
  assert.match(stdout, /^TOPICS\n(.*\n)* {2}repo +The tree store/m);
  assert.is(cli(["--help"]).stdout, stdout);
});

test("lists a topic's verbs for the topic alone", () => {
  const { status, stdout } = cli(["repo"]);
  assert.is(status, 0);
  for (const verb of Object.keys(VERBS).filter((words) => words.startsWith("repo "))) {
    assert.ok(stdout.includes(`  ${verb} `), verb);
  }
  assert.is(cli(["repo", "--help"]).stdout, stdout);
});

test("explains a verb: usage, arguments, flags and an example", () => {
  const { status, stdout } = cli(["repo", "diff", "--help"]);
  assert.is(status, 0);
  assert.match(stdout, /^List what differs between two trees\n\nUSAGE\n {2}\$ atomic repo diff FROM \[TO\]\n/);
  for (const part of [
    "ARGUMENTS",
    "GLOBAL FLAGS",
    "--sysroot=DIR",
    "EXAMPLES",
    "$ atomic repo diff debian/12 debian/13",
  ]) {
    assert.ok(stdout.includes(part), part);
  }
});

const USAGE_ERRORS: [argv: string[], stderr: string][] = [
  [["rpeo", "ls"], "error: running 'atomic rpeo ls': no such command\nhint: atomic repo ls\n"],
  [["repo", "frobnicate"], "error: running 'atomic repo frobnicate': no such command\nhint: atomic repo --help\n"],
  [["frobnicate"], "error: running 'atomic frobnicate': no such command\nhint: atomic --help\n"],
  [["--frobnicate"], "error: running 'atomic --frobnicate': no such command\nhint: atomic --help\n"],
  [["repo", "show"], "error: running 'atomic repo show': missing REV\nhint: atomic repo show --help\n"],
  [
    ["repo", "show", "a", "b"],
    `error: running 'atomic repo show': unexpected argument "b"\nhint: atomic repo show --help\n`,
  ],
  [
    ["repo", "show", "a", "--jsn"],
    `error: running 'atomic repo show': unknown flag "--jsn", did you mean --json?\nhint: atomic repo show --help\n`,
  ],
  [
    ["repo", "commit", "--ref", "a"],
    "error: running 'atomic repo commit': missing required flag tree\nhint: atomic repo commit --help\n",
  ],
  [
    ["completion", "csh"],
    "error: running 'atomic completion': expected csh to be one of: bash, zsh, fish\nhint: atomic completion --help\n",
  ],
  [
    ["repo", "show", "a", "--sysroot"],
    "error: running 'atomic repo show': flag --sysroot expects a value\nhint: atomic repo show --help\n",
  ],
];
for (const [argv, stderr] of USAGE_ERRORS) {
  test(`exits 2 with one line for: atomic ${argv.join(" ")}`, () => {
    assert.equal(cli(argv), { status: 2, stdout: "", stderr });
  });
}

test("reports a failure on standard output in JSON", () => {
  assert.equal(cliJson(["repo", "refs", "--sysroot", EMPTY]), {
    status: 1,
    json: {
      error: {
        code: "not-found",
        message: `opening store ${EMPTY}/atomic/repo: there is none`,
        hint: `atomic repo init --repo ${EMPTY}/atomic/repo`,
      },
    },
  });
});

test("takes the sysroot from a flag before the verb, after it, or from the environment", () => {
  const expected = cli(["repo", "refs", "--sysroot", EMPTY]);
  assert.is(expected.status, 1);
  assert.equal(cli(["--sysroot", EMPTY, "repo", "refs"]), expected);
  assert.equal(cli([`--sysroot=${EMPTY}`, "repo", "refs"]), expected);
  assert.equal(cli(["repo", "refs"], { ATOMIC_SYSROOT: EMPTY }), expected);
});

test("does not read a missing argument from standard input", () => {
  const main = resolve(import.meta.dirname, "../../src/main.ts");
  const { status } = spawnSync(process.execPath, [main, "repo", "show"], { input: "debian/13\n" });
  assert.is(status, 2);
});

test("does not look for --json or --help behind --", () => {
  const { status, stdout } = cli(["repo", "show", "--sysroot", EMPTY, "--", "--json"]);
  assert.equal({ status, stdout }, { status: 1, stdout: "" });
});
