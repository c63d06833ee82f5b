import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import type { Checksum } from "../../src/digest.ts";
import { createDurable } from "../../src/durable.ts";
import { isAtomicError } from "../../src/errors.ts";
import { deleteRef, initRepo, listRefs, parseRefName, readRef, type Repo, writeRef } from "../../src/ostree/index.ts";
import { suite } from "../support/suite.ts";
import { tempDir } from "../support/temp.ts";

const test = suite("ostree/ref");
const A = "a".repeat(64) as Checksum;
const B = "b".repeat(64) as Checksum;
const repoOf = (): Repo => initRepo(join(tempDir(), "repo"), createDurable());

const REFUSED = [
  "",
  "/",
  "/abs",
  "a/",
  "a//b",
  "..",
  "../../etc/passwd",
  "a/../b",
  ".",
  ".hidden",
  "a/.tmp",
  "a b",
  "a\nb",
  "a\0b",
  "ä",
  "x".repeat(256),
  "a\\b",
  "-".repeat(0) + "a^",
];
for (const text of REFUSED) {
  test(`refuses the name ${JSON.stringify(text).slice(0, 30)}`, () => {
    assert.throws(
      () => parseRefName(text),
      (error: unknown) => isAtomicError(error, "usage"),
    );
  });
}
for (const text of ["a", "debian/bookworm/x86_64", "v1.0", "a-b_c+d:e@f", "x".repeat(255)]) {
  test(`takes the name ${text.slice(0, 30)}`, () => assert.is(parseRefName(text), text));
}

test("reads what was written, and the newest of two writes", () => {
  const repo = repoOf();
  const ref = parseRefName("os/main");
  assert.is(readRef(repo, ref), undefined);
  writeRef(repo, ref, A);
  writeRef(repo, ref, B);
  assert.is(readRef(repo, ref), B);
});

test("lists refs sorted, by prefix of whole components, past interrupted writes", () => {
  const repo = repoOf();
  for (const name of ["os/main", "os/old", "osx", "app"]) writeRef(repo, parseRefName(name), A);
  writeFileSync(join(repo.path, "refs/os/.main.abc.tmp"), "half");
  writeFileSync(join(repo.path, "refs/app"), "no checksum");
  assert.equal(listRefs(repo), [
    { ref: "app", commit: undefined },
    { ref: "os/main", commit: A },
    { ref: "os/old", commit: A },
    { ref: "osx", commit: A },
  ]);
  assert.equal(
    listRefs(repo, "os").map(({ ref }) => ref),
    ["os/main", "os/old"],
  );
});

test("tells a ref that holds anything but a checksum", () => {
  const repo = repoOf();
  writeFileSync(join(repo.path, "refs/bad"), `${A}${A}\n`);
  assert.throws(
    () => readRef(repo, parseRefName("bad")),
    (error: unknown) => isAtomicError(error, "corrupt"),
  );
});

test("treats a prefix of refs as no ref, and refuses to write one", () => {
  const repo = repoOf();
  writeRef(repo, parseRefName("os/main"), A);
  assert.is(readRef(repo, parseRefName("os")), undefined);
  assert.throws(
    () => writeRef(repo, parseRefName("os"), A),
    (error: unknown) => isAtomicError(error, "conflict"),
  );
  assert.throws(
    () => writeRef(repo, parseRefName("os/main/x"), A),
    (error: unknown) => isAtomicError(error, "conflict"),
  );
});

test("deletes a ref once", () => {
  const repo = repoOf();
  writeRef(repo, parseRefName("a"), A);
  deleteRef(repo, parseRefName("a"));
  assert.equal(listRefs(repo), []);
  assert.throws(
    () => deleteRef(repo, parseRefName("a")),
    (error: unknown) => isAtomicError(error, "not-found"),
  );
});

test("does not follow a symlink out of the store", () => {
  const repo = repoOf();
  mkdirSync(join(repo.path, "../outside"));
  writeFileSync(join(repo.path, "../outside/secret"), `${A}\n`);
  repo.disk.symlink("../../outside/secret", join(repo.path, "refs/link"));
  assert.throws(
    () => readRef(repo, parseRefName("link")),
    (error: unknown) => isAtomicError(error),
  );
});
