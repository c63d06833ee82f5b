import * as assert from "uvu/assert";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { complete } from "../../../src/commands/complete/complete.ts";
import { VERBS } from "../../../src/commands/table.ts";
import { cli } from "../../support/cli.ts";
import { suite } from "../../support/suite.ts";
import { tempDir } from "../../support/temp.ts";

const test = suite("commands/complete");
const dir = tempDir();
const store = join(dir, "atomic/repo");

test.before(() => {
  mkdirSync(join(dir, "tree"));
  cli(["repo", "init", "--repo", store]);
  for (const ref of ["demo/stable", "demo/testing", "other"]) {
    cli(["repo", "commit", "--repo", store, "--tree", join(dir, "tree"), "--ref", ref]);
  }
});

async function values(...words: string[]): Promise<string | string[]> {
  const found = await complete(words);
  return typeof found === "string" ? found : found.map(({ value }) => value);
}

test("offers verbs and topics, word by word", async () => {
  assert.equal(await values("re"), ["rename", "restart", "remote", "repo"]);
  assert.equal(await values("repo", "l"), ["log", "ls"]);
  assert.equal(await values("nonsense", ""), []);
});

test("offers a verb's flags that were not given yet", async () => {
  assert.equal(await values("repo", "commit", "--t"), ["--tree", "--timestamp"]);
  assert.equal(await values("repo", "commit", "--tree", "x", "--t"), ["--timestamp"]);
});

test("offers refs for revisions, from the store the line names", async () => {
  const refs = ["demo/stable", "demo/testing"];
  assert.equal(await values("repo", "log", "--repo", store, "demo"), refs);
  assert.equal(await values("repo", "log", "--sysroot", dir, "demo"), refs);
  assert.equal(await values("--sysroot", dir, "repo", "log", "demo"), refs);
  assert.equal(await values("repo", "refs", "--sysroot", "=", dir, "--delete", "o"), ["other"]);
});

test("leaves directories and files to the shell", async () => {
  assert.is(await values("repo", "commit", "--tree", "/us"), ":directory");
  assert.is(await values("repo", "image", "x", "--output", ""), ":file");
});

test("offers the allowed values of a flag or argument", async () => {
  assert.equal(await values("repo", "log", "--progress", ""), ["auto", "plain", "json", "none"]);
  assert.equal(await values("completion", ""), ["bash", "zsh", "fish"]);
});

test("loads every verb of the table", async () => {
  for (const words of Object.keys(VERBS))
    assert.ok((await values(...words.split(" "), "--js")).includes("--json"), words);
});

test("answers the scripts with values and descriptions, and stays silent when there is nothing", () => {
  const ask = (...words: string[]) => cli(["__complete", "--", ...words]);
  assert.equal(ask("repo", "ls").stdout, "ls\tList files of a tree\n");
  assert.equal(ask("repo", "show", "--repo", "/nonexistent", ""), { status: 0, stdout: "", stderr: "" });
});
