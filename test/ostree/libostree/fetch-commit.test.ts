import { randomBytes } from "node:crypto";
import { unlinkSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { createDurable } from "../../../src/durable.ts";
import { type ErrorCode, isAtomicError } from "../../../src/errors.ts";
import { fsck, initRepo, prune, type Repo, withRepoLock } from "../../../src/ostree/index.ts";
import { fetchCommit } from "../../../src/ostree/libostree/fetch-commit.ts";
import { fetchMetadata } from "../../../src/ostree/libostree/fetch-tree.ts";
import { openLocalSource } from "../../../src/ostree/libostree/local-source.ts";
import { type Sha256, sha256Of } from "../../../src/ostree/libostree/sha256.ts";
import { storeCommit } from "../../../src/ostree/libostree/store-commit.ts";
import { listObjects } from "../../../src/ostree/list-objects.ts";
import { transactAside } from "../../../src/ostree/transaction.ts";
import { type FakeRepo, fakeRepo } from "../../support/ostree-repo.ts";
import { importOstree } from "../../support/import-ostree.ts";
import { suite } from "../../support/suite.ts";
import { tempDir } from "../../support/temp.ts";

const test = suite("ostree/libostree/fetch-commit");

const SMALL = Buffer.from("content\n");
/** More than is taken whole, compressed or not. */
const LARGE = randomBytes(3 * 1024 * 1024);

async function pull(theirs: FakeRepo, repo: Repo, commit: Sha256): Promise<void> {
  const source = openLocalSource(theirs.path);
  const bytes = await fetchMetadata(source, commit, "commit");
  await importOstree(repo, source, bytes);
}

const REFUSED: [string, ErrorCode, (repo: FakeRepo) => Sha256][] = [
  ["content of another name", "corrupt", (repo) => tree(repo, repo.file(SMALL, { stored: Buffer.from("CONTENT\n") }))],
  ["content longer than announced", "corrupt", (repo) => tree(repo, repo.file(SMALL, { announced: 4 }))],
  ["content shorter than announced", "corrupt", (repo) => tree(repo, repo.file(SMALL, { stored: SMALL.subarray(1) }))],
  ["a bomb", "corrupt", (repo) => tree(repo, repo.file(SMALL, { stored: Buffer.alloc(64 * 1024 * 1024) }))],
  [
    "a large bomb",
    "corrupt",
    (repo) => tree(repo, repo.file(LARGE, { announced: 17 * 1024 * 1024, stored: Buffer.alloc(64 * 1024 * 1024) })),
  ],
  ["a file larger than the disk", "no-space", (repo) => tree(repo, repo.file(SMALL, { announced: 2 ** 52 }))],
  ["a file that is cut off", "corrupt", (repo) => tree(repo, repo.file(SMALL, { cut: 3 }))],
  ["a large file that is cut off", "corrupt", (repo) => tree(repo, repo.file(LARGE, { cut: 1000 }))],
  ["a header that is cut off", "invalid", (repo) => tree(repo, repo.put(Buffer.alloc(6), "filez", name("a file")))],
  ["a header without end", "invalid", (repo) => tree(repo, repo.put(Buffer.alloc(64, 0xff), "filez", name("a file")))],
  ["a file that is missing", "not-found", (repo) => tree(repo, name("nothing"))],
  ["a directory that is missing", "not-found", (repo) => repo.commit(repo.dirtree({}, { sub: name("nothing") }))],
  [
    "a directory of another name",
    "corrupt",
    (repo) => repo.commit(repo.put(Buffer.from([0]), "dirtree", name("other"))),
  ],
  ["a directory that is none", "invalid", (repo) => repo.commit(repo.put(Buffer.from("none"), "dirtree"))],
  ["a commit of another name", "corrupt", (repo) => repo.put(Buffer.from("commit"), "commit", name("other"))],
  ["a commit that is none", "invalid", (repo) => repo.put(Buffer.from("commit"), "commit")],
  ["a commit without its root's dirmeta", "not-found", (repo) => repo.commit(repo.dirtree({}), { meta: name("none") })],
  ["directories nested without end", "invalid", (repo) => repo.commit(nested(repo, 2100, 1))],
  ["directories that multiply", "invalid", (repo) => repo.commit(nested(repo, 40, 2))],
];
for (const [what, code, make] of REFUSED) {
  test(`refuses ${what}, and leaves a clean store`, async () => {
    const dir = tempDir();
    const theirs = fakeRepo(join(dir, "theirs"));
    const repo = initRepo(join(dir, "ours"), createDurable());
    const commit = make(theirs);
    let thrown: unknown;
    await pull(theirs, repo, commit).catch((error: unknown) => (thrown = error));
    assert.ok(isAtomicError(thrown, code), String(thrown));
    assert.equal(fsck(repo).defects, []);
    assert.not.ok([...listObjects(repo)].some(({ type }) => type === "commit"));
  });
}

test("keeps the files that arrived before a failure", async () => {
  const dir = tempDir();
  const theirs = fakeRepo(join(dir, "theirs"));
  const repo = initRepo(join(dir, "ours"), createDurable());
  const good = theirs.file(LARGE);
  const commit = theirs.commit(theirs.dirtree({ a: good, b: theirs.file(SMALL, { announced: 1 }) }));
  await pull(theirs, repo, commit).then(
    () => assert.unreachable(),
    () => undefined,
  );
  unlinkSync(join(theirs.path, `objects/${good.slice(0, 2)}/${good.slice(2)}.filez`));
  theirs.file(SMALL);
  await pull(theirs, repo, commit);
  assert.equal(fsck(repo).defects, []);
});

function name(of: string): Sha256 {
  return sha256Of(Buffer.from(of));
}

function tree(repo: FakeRepo, file: Sha256): Sha256 {
  return repo.commit(repo.dirtree({ file }));
}

/** Directories in directories, each with `copies` names for the next one. */
function nested(repo: FakeRepo, levels: number, copies: number): Sha256 {
  let below = repo.dirtree({});
  for (let i = 0; i < levels; i++)
    below = repo.dirtree({}, Object.fromEntries(Array.from({ length: copies }, (_, n) => [`d${n}`, below])));
  return below;
}

test("lets others write while it downloads", async () => {
  const dir = tempDir();
  const repo = initRepo(join(dir, "ours"), createDurable());
  const theirs = fakeRepo(join(dir, "theirs"));
  const commit = tree(theirs, theirs.file(SMALL));
  const local = openLocalSource(theirs.path);
  let others = 0;
  const source = { ...local, file: (checksum: Sha256) => withRepoLock(repo, () => (others++, local.file(checksum))) };
  await importOstree(repo, source, await fetchMetadata(source, commit, "commit"));
  assert.is(others, 1);
});

test("notices that somebody pruned while it downloaded, and fetches again", async () => {
  const dir = tempDir();
  const repo = initRepo(join(dir, "ours"), createDurable());
  const theirs = fakeRepo(join(dir, "theirs"));
  const source = openLocalSource(theirs.path);
  const bytes = await fetchMetadata(source, tree(theirs, theirs.file(SMALL)), "commit");
  await transactAside(repo, async (transaction) => {
    const fetched = await fetchCommit(transaction, source, { bytes });
    await prune(repo);
    assert.is(await withRepoLock(repo, () => storeCommit(transaction, fetched)), undefined);
    const again = await fetchCommit(transaction, source, { bytes });
    assert.ok(await withRepoLock(repo, () => storeCommit(transaction, again)));
  });
  assert.equal(fsck(repo).defects, []);
});
