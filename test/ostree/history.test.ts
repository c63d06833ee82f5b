import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { toText } from "../../src/bytes.ts";
import type { Checksum } from "../../src/digest.ts";
import { createDurable } from "../../src/durable.ts";
import { isAtomicError } from "../../src/errors.ts";
import {
  commitTree,
  deleteRef,
  diffCommits,
  fsck,
  initRepo,
  listRefs,
  loadTree,
  log,
  objectFile,
  parseRefName,
  prune,
  pullLocal,
  readCommit,
  renderCommitImage,
  type Repo,
  resolveRev,
} from "../../src/ostree/index.ts";
import { listing } from "../support/listing.ts";
import { unmet } from "../support/needs.ts";
import { makeSampleTree } from "../support/sample-tree.ts";
import { suite } from "../support/suite.ts";
import { tempDir } from "../support/temp.ts";

const test = suite("ostree: diff, log, rev, prune, pull", unmet({ root: true }));
const MAIN = parseRefName("main");

interface Pair {
  repo: Repo;
  first: Checksum;
  second: Checksum;
  dir: string;
}
async function twoCommits(): Promise<Pair> {
  const dir = tempDir();
  const tree = join(dir, "tree");
  makeSampleTree(tree);
  const repo = initRepo(join(dir, "repo"), createDurable());
  const first = await commitTree(repo, { tree, ref: MAIN, timestamp: 1 });
  writeFileSync(join(tree, "etc/hostname"), "other\n");
  rmSync(join(tree, "etc/empty"));
  createDurable().setMetadata(join(tree, "etc/same-bytes"), { mode: 0o640 });
  createDurable().mkdir(join(tree, "new"), 0o755);
  writeFileSync(join(tree, "new/file"), "fresh");
  const second = await commitTree(repo, { tree, ref: MAIN, timestamp: 2 });
  return { repo, first: first.commit, second: second.commit, dir };
}

test("diff lists what was added, removed, modified and chmodded, and nothing below equal subtrees", async () => {
  const { repo, first, second } = await twoCommits();
  const changes = diffCommits(repo, first, second)
    .filter(({ before, after }) => !(before?.kind === "directory" && after?.kind === "directory"))
    .map(({ kind, path }) => `${kind} ${toText(path)}`);
  assert.equal(changes, [
    "removed /etc/empty",
    "modified /etc/hostname",
    "metadata /etc/same-bytes",
    "added /new",
    "added /new/file",
  ]);
  assert.equal(diffCommits(repo, second, second), []);
});

test("log goes from the newest to the first, and ends where a parent is gone", async () => {
  const { repo, first, second } = await twoCommits();
  assert.equal(
    [...log(repo, second)].map(({ checksum }) => checksum),
    [second, first],
  );
  await prune(repo, { depth: 0 });
  assert.equal(
    [...log(repo, second)].map(({ checksum }) => checksum),
    [second],
  );
});

test("a revision is a ref, a checksum, a unique prefix, or the parent of one", async () => {
  const { repo, first, second } = await twoCommits();
  for (const text of ["main", second, second.slice(0, 12)]) assert.is(resolveRev(repo, text), second, text);
  assert.is(resolveRev(repo, "main^"), first);
  for (const text of ["other", second.slice(0, 3), "f".repeat(64), "main^^"]) {
    assert.throws(
      () => resolveRev(repo, text),
      (error: unknown) => isAtomicError(error, "not-found"),
      text,
    );
  }
  assert.throws(
    () => resolveRev(repo, "../../etc/passwd"),
    (error: unknown) => isAtomicError(error, "usage"),
  );
});

test("prune keeps refs with their ancestors, and commits it is told to keep", async () => {
  const { repo, first } = await twoCommits();
  assert.is((await prune(repo)).removed, 0);
  assert.ok((await prune(repo, { depth: 0, keep: [first], dryRun: true })).removed === 0);
  assert.equal(fsck(repo).defects, []);
});

test("prune removes what only a dropped commit needed, and says so beforehand in a dry run", async () => {
  const { repo, first, second } = await twoCommits();
  const planned = await prune(repo, { depth: 0, dryRun: true });
  const done = await prune(repo, { depth: 0 });
  assert.equal(done, planned);
  assert.is(done.removed, 1 + 2); // the commit, its root and /etc; file bytes are all still named
  assert.equal(fsck(repo).defects, []);
  assert.throws(
    () => readCommit(repo, first),
    (error: unknown) => isAtomicError(error, "not-found"),
  );
  loadTree(repo, second);
});

test("prune drops kept images of commits that are gone, and only those", async () => {
  const { repo, second } = await twoCommits();
  const images = () => readdirSync(join(repo.path, "cache")).filter((name) => name.startsWith("image-"));
  assert.is(images().length, 2);
  await prune(repo, { depth: 0 });
  assert.equal(images(), [`image-${readCommit(repo, second).image}`]);
});

test("a kept image that is damaged or gone is rendered again", async () => {
  const { repo, second } = await twoCommits();
  const path = join(repo.path, "cache", `image-${readCommit(repo, second).image}`);
  const image = renderCommitImage(repo, second);
  writeFileSync(path, "garbage");
  assert.ok(renderCommitImage(repo, second).equals(image));
  rmSync(path);
  assert.ok(renderCommitImage(repo, second).equals(image));
});

test("prune of a store without refs leaves no object", async () => {
  const { repo } = await twoCommits();
  deleteRef(repo, MAIN);
  assert.is((await prune(repo)).kept, 0);
  assert.equal(fsck(repo), { objects: 0, bytes: 0, defects: [] });
});

test("prune refuses while a kept commit is damaged", async () => {
  const { repo, second } = await twoCommits();
  rmSync(objectFile(repo, readCommit(repo, second).tree, "dirtree"));
  const before = listing(join(repo.path, "objects"));
  try {
    await prune(repo, { depth: 0 });
    assert.unreachable();
  } catch (error) {
    assert.ok(isAtomicError(error, "corrupt"), String(error));
  }
  assert.equal(listing(join(repo.path, "objects")), before);
});

test("pull copies only what is missing, and then nothing", async () => {
  const { repo, first, second, dir } = await twoCommits();
  const other = initRepo(join(dir, "other"), createDurable());
  await pullLocal(other, repo, { commit: first });
  const { objects } = await pullLocal(other, repo, { commit: second, ref: MAIN });
  assert.is(objects, 1 + 3 + 2); // commit; dirtrees /, /etc, /new; contents of hostname and new/file
  assert.equal(await pullLocal(other, repo, { commit: second, ref: MAIN }), { objects: 0, bytes: 0 });
  assert.is(resolveRev(other, "main"), second);
  assert.equal(fsck(other).defects, []);
});

test("pull from a damaged store adds nothing", async () => {
  const { repo, second, dir } = await twoCommits();
  const other = initRepo(join(dir, "other"), createDurable());
  const { tree } = readCommit(repo, second);
  repo.disk.unlink(objectFile(repo, tree, "dirtree"));
  writeFileSync(objectFile(repo, tree, "dirtree"), "garbage");
  try {
    await pullLocal(other, repo, { commit: second, ref: MAIN });
    assert.unreachable();
  } catch (error) {
    assert.ok(isAtomicError(error, "corrupt"), String(error));
  }
  assert.equal(fsck(other), { objects: 0, bytes: 0, defects: [] });
  assert.equal(listRefs(other), []);
});
