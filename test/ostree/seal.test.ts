import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { createDurable, type Durable } from "../../src/durable.ts";
import { failure } from "../../src/linux/index.ts";
import { commitTree, initRepo, parseRefName, pullLocal, type Repo, sealStore } from "../../src/ostree/index.ts";
import { cli } from "../support/cli.ts";
import { suite } from "../support/suite.ts";
import { tempDir } from "../support/temp.ts";

const test = suite("ostree/seal");

interface Sealing {
  disk: Durable;
  /** What was renamed and sealed, in order, by its last name. */
  steps: string[];
}

/** A writer on a machine whose kernel seals, or answers with an errno. */
function sealing(errno?: string): Sealing {
  const durable = createDurable();
  const steps: string[] = [];
  const name = (path: string): string => path.split("/").at(-1)!;
  const disk: Durable = {
    ...durable,
    enableVerity(path) {
      steps.push(`seal ${name(String(path))}`);
      if (errno !== undefined) throw failure("enabling fs-verity on", { path, feature: "fs-verity", errno });
    },
    rename(from, to) {
      steps.push(`rename ${name(String(from))}`);
      durable.rename(from, to);
    },
  };
  return { disk, steps };
}

async function filledStore(): Promise<{ repo: Repo; commit: string }> {
  const tree = join(tempDir(), "tree");
  mkdirSync(tree);
  for (const name of ["one", "two"]) writeFileSync(join(tree, name), name);
  writeFileSync(join(tree, "empty"), "");
  const repo = initRepo(join(tempDir(), "repo"), createDurable());
  const { commit } = await commitTree(repo, { tree, ref: parseRefName("main") });
  return { repo, commit };
}

test("seals file objects before they get their names", async () => {
  const source = await filledStore();
  const { disk, steps } = sealing();
  const repo = initRepo(join(tempDir(), "repo"), disk);
  await pullLocal(repo, source.repo, { commit: source.commit as never });
  const sealed = steps.filter((step) => step.startsWith("seal"));
  assert.is(sealed.length, 2);
  assert.ok(sealed.every((step) => step.endsWith(".file")));
  assert.equal(steps.slice(0, 2), sealed);
  assert.is(steps.filter((step) => step.startsWith("rename")).length, 4); // two files, the root's dirtree, the commit
});

test("asks once where the filesystem cannot", async () => {
  const source = await filledStore();
  const { disk, steps } = sealing("EOPNOTSUPP");
  const repo = initRepo(join(tempDir(), "repo"), disk);
  await pullLocal(repo, source.repo, { commit: source.commit as never });
  assert.is(steps.filter((step) => step.startsWith("seal")).length, 1);
});

test("adds nothing to the store when sealing fails otherwise", async () => {
  const source = await filledStore();
  const { disk, steps } = sealing("EIO");
  const repo = initRepo(join(tempDir(), "repo"), disk);
  try {
    await pullLocal(repo, source.repo, { commit: source.commit as never });
    assert.unreachable();
  } catch (error) {
    assert.is((error as { code: string }).code, "io");
  }
  assert.ok(!steps.some((step) => step.startsWith("rename")));
});

test("says when a whole store cannot be sealed", async () => {
  const { repo } = await filledStore();
  try {
    await sealStore(repo);
  } catch (error) {
    assert.is((error as { code: string }).code, "unsupported");
    const { status, stderr } = cli(["repo", "seal", "--repo", repo.path]);
    assert.is(status, 1);
    assert.match(stderr, /fs-verity is not supported by this/);
    return;
  }
  const again = await sealStore(repo); // a filesystem with fs-verity
  assert.equal(again, { sealed: 0, already: 2 });
});
