import { appendFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { createDurable } from "../../src/durable.ts";
import { isAtomicError } from "../../src/errors.ts";
import {
  checkout,
  commitTree,
  fsck,
  initRepo,
  loadTree,
  parseRefName,
  readCommit,
  readRef,
  type Repo,
} from "../../src/ostree/index.ts";
import { listObjects } from "../../src/ostree/list-objects.ts";
import { listing } from "../support/listing.ts";
import { unmet } from "../support/needs.ts";
import { makeSampleTree } from "../support/sample-tree.ts";
import { suite } from "../support/suite.ts";
import { tempDir } from "../support/temp.ts";

const test = suite("ostree/commit-tree", unmet({ root: true }));
const MAIN = parseRefName("demo/main");

function setUp(): { repo: Repo; tree: string; dir: string } {
  const dir = tempDir();
  makeSampleTree(join(dir, "tree"));
  return { repo: initRepo(join(dir, "repo"), createDurable()), tree: join(dir, "tree"), dir };
}

test("stores and restores a tree with one of everything, byte for byte", async () => {
  const { repo, tree, dir } = setUp();
  const { commit } = await commitTree(repo, { tree, ref: MAIN });
  const root = loadTree(repo, commit);
  checkout(repo, { node: root, root, destination: join(dir, "out") });
  assert.equal(listing(join(dir, "out")), listing(tree));
});

test("gives the same commit for the same tree and facts", async () => {
  const { repo, tree } = setUp();
  const facts = { tree, timestamp: 1_700_000_000, version: "1", subject: "one", metadata: { kargs: "quiet" } };
  const first = await commitTree(repo, facts);
  const second = await commitTree(initRepo(join(tempDir(), "other"), createDurable()), facts);
  assert.is(first.commit, second.commit);
});

test("stores equal bytes once, whatever their names and modes", async () => {
  const { repo, tree } = setUp();
  await commitTree(repo, { tree });
  const files = [...listObjects(repo)].filter(({ type }) => type === "file");
  assert.is(files.length, 4); // tool, demo, odd name, large
});

test("records ref, parent, totals and subject", async () => {
  const { repo, tree } = setUp();
  const first = await commitTree(repo, { tree, ref: MAIN, subject: "first" });
  const second = await commitTree(repo, { tree, ref: MAIN, version: "2.0", timestamp: 5 });
  assert.is(readRef(repo, MAIN), second.commit);
  const { parent, subject, version, timestamp, files, bytes } = readCommit(repo, second.commit);
  assert.equal(
    { parent, subject, version, timestamp, files },
    { parent: first.commit, subject: "", version: "2.0", timestamp: 5, files: 5 },
  );
  assert.is(bytes, 20 + 5 + 5 + 9 + 3 * 1024 * 1024 + 17);
  assert.is(second.changed, false);
  assert.is(second.newObjects, 1);
});

test("notices a change that keeps size and mtime", async () => {
  const { repo, tree } = setUp();
  const path = join(tree, "etc/hostname");
  const before = await commitTree(repo, { tree, ref: MAIN });
  writeFileSync(path, "domo\n");
  utimesSync(path, -86400 * 365, -86400 * 365);
  const after = await commitTree(repo, { tree, ref: MAIN });
  assert.is(after.changed, true);
  assert.is.not(readCommit(repo, before.commit).tree, readCommit(repo, after.commit).tree);
  assert.equal(fsck(repo).defects, []);
});

test("survives a damaged stat cache", async () => {
  const { repo, tree } = setUp();
  const { commit } = await commitTree(repo, { tree, timestamp: 1 });
  const { readdirSync } = await import("node:fs");
  for (const name of readdirSync(join(repo.path, "cache"))) appendFileSync(join(repo.path, "cache", name), "x");
  assert.is((await commitTree(repo, { tree, timestamp: 1 })).commit, commit);
});

test("replaces a damaged object that it meets", async () => {
  const { repo, tree } = setUp();
  await commitTree(repo, { tree, ref: MAIN });
  const [{ checksum, type }] = [...listObjects(repo)].filter((object) => object.type === "dirtree") as [
    ReturnType<typeof listObjects> extends Generator<infer T> ? T : never,
  ];
  writeFileSync(join(repo.path, "objects", checksum.slice(0, 2), `${checksum.slice(2)}.${type}`), "garbage");
  assert.is(fsck(repo).defects.length > 0, true);
  await commitTree(repo, { tree, ref: MAIN });
  assert.equal(fsck(repo).defects, []);
});

test("refuses a missing tree in one line and leaves the store as it was", async () => {
  const { repo, dir } = setUp();
  const before = listing(repo.path);
  try {
    await commitTree(repo, { tree: join(dir, "nowhere"), ref: MAIN });
    assert.unreachable();
  } catch (error) {
    assert.ok(isAtomicError(error, "not-found"));
    assert.is(error.message, `committing ${dir}/nowhere: not a directory`);
  }
  assert.equal(listing(repo.path), before);
});
