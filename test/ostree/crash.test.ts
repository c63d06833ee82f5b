/** Every crash point of the store's writers: what refs name is always whole, and repeating the work completes it. */
import { cpSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { createDurable, type Durable } from "../../src/durable.ts";
import { Stopped } from "../../src/durable-step.ts";
import { isAtomicError } from "../../src/errors.ts";
import {
  commitTree,
  fsck,
  initRepo,
  openRepo,
  parseRefName,
  prune,
  pullLocal,
  readCommit,
  readRef,
} from "../../src/ostree/index.ts";
import { listing } from "../support/listing.ts";
import { unmet } from "../support/needs.ts";
import { makeSampleTree } from "../support/sample-tree.ts";
import { suite } from "../support/suite.ts";
import { tempDir } from "../support/temp.ts";

const test = suite("ostree: crash points", unmet({ root: true }));
const MAIN = parseRefName("main");

type Work = (repoPath: string, disk: Durable) => Promise<unknown>;
interface Scene {
  dir: string;
  before: string;
  works: Record<string, Work>;
}

async function setUp(): Promise<Scene> {
  const dir = tempDir();
  const tree = join(dir, "tree");
  makeSampleTree(tree);
  const before = join(dir, "before");
  await commitTree(initRepo(before, createDurable()), { tree, ref: MAIN, timestamp: 1 });
  writeFileSync(join(tree, "etc/hostname"), "second\n");
  const source = initRepo(join(dir, "source"), createDurable());
  const { commit } = await commitTree(source, { tree, timestamp: 2 });
  return {
    dir,
    before,
    works: {
      commit: (path, disk) => commitTree(openRepo(path, disk), { tree, ref: MAIN, timestamp: 2 }),
      pull: (path, disk) =>
        pullLocal(openRepo(path, disk), openRepo(source.path, createDurable()), { commit, ref: MAIN }),
      prune: async (path, disk) => {
        writeFileSync(join(path, "refs/main"), `${commit}\n`);
        await pullLocal(openRepo(path, createDurable()), openRepo(source.path, createDurable()), { commit });
        await prune(openRepo(path, disk), { depth: 0 });
      },
    },
  };
}

async function operationsOf(work: Work, path: string): Promise<number> {
  let count = 0;
  await work(path, createDurable({ record: () => count++ }));
  return count;
}

for (const name of ["commit", "pull", "prune"]) {
  test(`${name}: stopped before any operation, refs lead to whole trees and a repeat completes`, async () => {
    const { dir, before, works } = await setUp();
    const work = works[name]!;
    const fresh = (path: string) => {
      rmSync(path, { recursive: true, force: true });
      cpSync(before, path, { recursive: true });
      return path;
    };
    const done = fresh(join(dir, "done"));
    const total = await operationsOf(work, done);
    assert.ok(total > 2, String(total));
    const [old, now] = [
      readRef(openRepo(before, createDurable()), MAIN),
      readRef(openRepo(done, createDurable()), MAIN),
    ];
    for (let stopAt = 1; stopAt <= total; stopAt++) {
      const path = fresh(join(dir, "victim"));
      await assertStops(() => work(path, createDurable({ stopAt })));
      const repo = openRepo(path, createDurable());
      assert.equal(fsck(repo).defects, [], `stopped before ${stopAt}`);
      assert.ok([old, now].includes(readRef(repo, MAIN)), `stopped before ${stopAt}`);
      await work(path, createDurable());
      assert.equal(fsck(repo).defects, []);
      assert.is(readCommit(repo, readRef(repo, MAIN)!).tree, readCommit(repo, now!).tree);
    }
  });
}

for (const errno of ["ENOSPC", "EIO"]) {
  test(`commit: an ${errno} at any operation is one clear error and leaves the store as it was`, async () => {
    const { dir, before, works } = await setUp();
    const path = join(dir, "victim");
    cpSync(before, path, { recursive: true });
    const total = await operationsOf(works["commit"]!, join(dir, "before"));
    cpSync(path, before, { recursive: true, force: true });
    for (let operation = 1; operation <= total; operation++) {
      try {
        await works["commit"]!(path, createDurable({ failAt: { operation, errno } }));
      } catch (error) {
        assert.ok(isAtomicError(error), `${operation}: ${String(error)}`);
      }
      const repo = openRepo(path, createDurable());
      assert.equal(fsck(repo).defects, [], `failed at ${operation}`);
      assert.not(
        listing(path).some((line) => line.startsWith("/staging/") || line.includes(".tmp ")),
        `failed at ${operation}`,
      );
    }
  });
}

async function assertStops(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof Stopped) return;
    throw error;
  }
  assert.unreachable("did not stop");
}
