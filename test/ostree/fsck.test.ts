import { appendFileSync, chmodSync, readFileSync, truncateSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { createDurable } from "../../src/durable.ts";
import { type Checksum } from "../../src/digest.ts";
import {
  commitTree,
  fsck,
  initRepo,
  loadTree,
  lookup,
  objectFile,
  parseRefName,
  pullLocal,
  readCommit,
  readRef,
  renderCommitImage,
  repair,
  type Repo,
} from "../../src/ostree/index.ts";
import { fromText } from "../../src/bytes.ts";
import { unmet } from "../support/needs.ts";
import { makeSampleTree } from "../support/sample-tree.ts";
import { suite } from "../support/suite.ts";
import { tempDir } from "../support/temp.ts";

const test = suite("ostree/fsck", unmet({ root: true }));
const MAIN = parseRefName("main");

interface Fixture {
  repo: Repo;
  source: Repo;
  commit: Checksum;
  image: { path: string; commit: Checksum };
}

async function setUp(): Promise<Fixture> {
  const dir = tempDir();
  makeSampleTree(join(dir, "tree"));
  const repo = initRepo(join(dir, "repo"), createDurable());
  const { commit } = await commitTree(repo, { tree: join(dir, "tree"), ref: MAIN });
  const source = initRepo(join(dir, "source"), createDurable());
  await pullLocal(source, repo, { commit, ref: MAIN });
  const image = { path: join(dir, "image"), commit };
  writeFileSync(image.path, renderCommitImage(repo, commit));
  return { repo, source, commit, image };
}

function hostnameObject({ repo, commit }: Fixture): Checksum {
  const node = lookup(loadTree(repo, commit), fromText("/etc/hostname"));
  if (node?.kind !== "file") throw new Error("no file");
  return node.checksum;
}

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at]! ^= 1;
  chmodSync(path, 0o644);
  writeFileSync(path, bytes);
}

const DEFECTS: { what: string; plant: (fixture: Fixture) => RegExp }[] = [
  {
    what: "a flipped byte in a file object",
    plant(fixture) {
      const checksum = hostnameObject(fixture);
      flip(objectFile(fixture.repo, checksum, "file"), 2);
      return new RegExp(`^file ${checksum}: damaged`);
    },
  },
  {
    what: "a missing file object, with the path that needs it",
    plant(fixture) {
      const checksum = hostnameObject(fixture);
      unlinkSync(objectFile(fixture.repo, checksum, "file"));
      return new RegExp(`^file ${checksum}: missing, needed by ref main, /etc/hostname$`);
    },
  },
  {
    what: "a truncated dirtree",
    plant({ repo, commit }) {
      const { tree } = readCommit(repo, commit);
      truncateSync(objectFile(repo, tree, "dirtree"), 10);
      return new RegExp(`^dirtree ${tree}: damaged`);
    },
  },
  {
    what: "a missing dirtree",
    plant({ repo, commit }) {
      const { tree } = readCommit(repo, commit);
      unlinkSync(objectFile(repo, tree, "dirtree"));
      return new RegExp(`^dirtree ${tree}: missing, needed by ref main, /$`);
    },
  },
  {
    what: "a flipped byte in a commit",
    plant({ repo, commit }) {
      flip(objectFile(repo, commit, "commit"), 30);
      return new RegExp(`^commit ${commit}: damaged`);
    },
  },
  {
    what: "a ref to nothing",
    plant({ repo, commit }) {
      unlinkSync(objectFile(repo, commit, "commit"));
      return new RegExp(`^commit ${commit}: missing, needed by ref main`);
    },
  },
  {
    what: "a ref that holds no checksum",
    plant({ repo }) {
      writeFileSync(join(repo.path, "refs/main"), "latest\n");
      return /^ref main: does not hold a checksum$/;
    },
  },
  {
    what: "an image whose digest differs",
    plant({ image }) {
      appendFileSync(image.path, "\0");
      return /^image .*\/image: expected [0-9a-f]{64}, found [0-9a-f]{64}$/;
    },
  },
  {
    what: "an image that is gone",
    plant({ image }) {
      unlinkSync(image.path);
      return /^image .*\/image: expected [0-9a-f]{64}, found no file$/;
    },
  },
];

test("finds nothing wrong with an intact store", async () => {
  const { repo, image } = await setUp();
  const { defects, objects } = fsck(repo, { images: [image] });
  assert.equal(defects, []);
  assert.is(objects, 4 + 6 + 1);
});

for (const { what, plant } of DEFECTS) {
  test(`names ${what}, and repair heals it from another store`, async () => {
    const fixture = await setUp();
    const { repo, source, image, commit } = fixture;
    const expected = plant(fixture);
    const messages = fsck(repo, { images: [image] }).defects.map(({ message }) => message);
    assert.ok(
      messages.some((message) => expected.test(message)),
      messages.join("\n"),
    );
    const { defects, repaired } = await repair(repo, source, { images: [image] });
    assert.equal(defects, []);
    assert.ok(repaired.length > 0);
    assert.is(readRef(repo, MAIN), commit);
    assert.equal(fsck(repo, { images: [image] }).defects, []);
  });
}

test("repair restores a store whose dirtrees and files are all gone", async () => {
  const { repo, source, image } = await setUp();
  repo.disk.removeTree(join(repo.path, "objects"));
  repo.disk.mkdir(join(repo.path, "objects"), 0o700);
  assert.equal((await repair(repo, source, { images: [image] })).defects, []);
});

test("repair keeps a defect the other store cannot heal, and never takes bytes of the wrong name", async () => {
  const fixture = await setUp();
  const checksum = hostnameObject(fixture);
  for (const repo of [fixture.repo, fixture.source]) flip(objectFile(repo, checksum, "file"), 0);
  const { defects, repaired } = await repair(fixture.repo, fixture.source);
  assert.equal(repaired, []);
  assert.is(defects.length, 1);
});
