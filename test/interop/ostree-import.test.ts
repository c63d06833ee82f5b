/** Commits made by the real ostree become ours. */
import { join } from "node:path";
import * as assert from "uvu/assert";
import type { Checksum } from "../../src/digest.ts";
import { createDurable } from "../../src/durable.ts";
import { commitTree, fsck, initRepo, loadTree, readCommit, type Repo } from "../../src/ostree/index.ts";
import { originalCommit } from "../../src/ostree/libostree/kept-commit.ts";
import type { ImportResult } from "../../src/ostree/libostree/store-commit.ts";
import { fetchMetadata } from "../../src/ostree/libostree/fetch-tree.ts";
import { openLocalSource } from "../../src/ostree/libostree/local-source.ts";
import { type Sha256, sha256Of } from "../../src/ostree/libostree/sha256.ts";
import type { TreeNode } from "../../src/ostree/tree.ts";
import { unmet } from "../support/needs.ts";
import { makeOstreeTree, ostree, ostreePeer } from "../support/ostree.ts";
import { importOstree } from "../support/import-ostree.ts";
import { suite } from "../support/suite.ts";
import { tempDir } from "../support/temp.ts";

const test = suite("interop/ostree-import", unmet({ root: true }) ?? ostreePeer.missing);
const MODES = ["archive", "bare", "bare-user", "bare-user-only"] as const;

interface Made {
  dir: string;
  repo: Repo;
  /** Commits the tree again. */
  commit(...more: string[]): Sha256;
  pull(checksum: Sha256): Promise<ImportResult>;
}

function setUp(mode: string): Made {
  const dir = tempDir();
  const theirs = join(dir, "theirs");
  makeOstreeTree(join(dir, "tree"));
  ostree("init", `--repo=${theirs}`, `--mode=${mode}`);
  const repo = initRepo(join(dir, "ours"), createDurable());
  const source = openLocalSource(theirs);
  return {
    dir,
    repo,
    commit: (...more) =>
      ostree(
        "commit",
        `--repo=${theirs}`,
        "-b",
        "os",
        "--timestamp=@1700000000",
        ...more,
        join(dir, "tree"),
      ).trim() as Sha256,
    async pull(checksum) {
      const bytes = await fetchMetadata(source, checksum, "commit");
      return importOstree(repo, source, bytes);
    },
  };
}

/** Every inode by path, with what OSTree keeps of it: no times, and no hard links as such. */
function listing(repo: Repo, commit: Checksum): Map<string, unknown> {
  const root = loadTree(repo, commit);
  const found = new Map<string, unknown>();
  const visit = (node: TreeNode, path: string): void => {
    if (node.kind === "directory") for (const [name, child] of node.children) visit(child, `${path}/${name}`);
    const inode = node.kind === "hardlink" ? found.get(node.target) : { ...node, mtime: 0, mtimeNsec: 0, children: 0 };
    found.set(path, inode);
  };
  visit(root, "");
  return found;
}

for (const mode of MODES.slice(0, 3)) {
  test(`imports every inode of a repository of mode ${mode}`, async () => {
    const { dir, repo, commit, pull } = setUp(mode);
    const checksum = commit("--subject=hello", "--body=body", "--add-metadata-string=version=1.2");
    const result = await pull(checksum);
    const imported = readCommit(repo, result.commit);
    assert.is(imported.subject, "hello");
    assert.is(imported.version, "1.2");
    assert.is(imported.timestamp, 1_700_000_000);
    assert.is(imported.parent, undefined);
    assert.is(sha256Of(originalCommit(imported.metadata)!), checksum);
    const direct = await commitTree(repo, { tree: join(dir, "tree") });
    const own = listing(repo, direct.commit);
    assert.equal(listing(repo, result.commit), own);
    assert.is(imported.files, readCommit(repo, direct.commit).files + 1); // a hard link is a file of its own
    assert.equal(fsck(repo).defects, []);
  });
}

test("imports what a repository of mode bare-user-only keeps", async () => {
  const { repo, commit, pull } = setUp("bare-user-only");
  const result = await pull(commit());
  const node = listing(repo, result.commit).get("/usr/lib/large") as { uid: number; xattrs: unknown[] };
  assert.is(node.uid, 0);
  assert.equal(node.xattrs, []);
});

test("a commit that is imported again fetches nothing but itself, and becomes the same commit", async () => {
  const { repo, commit, pull } = setUp("archive");
  const checksum = commit();
  const first = await pull(checksum);
  const again = await pull(checksum);
  assert.is(again.commit, first.commit);
  assert.is(again.bytes, 0);
  assert.is(again.objects, 2); // the commit and the root's dirmeta
  const other = setUp("archive");
  assert.is((await other.pull(other.commit())).commit, first.commit);
  assert.is(readCommit(repo, first.commit).files, 7);
});

test("the next commit fetches only what is new", async () => {
  const { dir, commit, pull } = setUp("archive");
  await pull(commit());
  createDurable().replaceFile(join(dir, "tree/usr/etc/hostname"), Buffer.from("other\n"), 0o644);
  const next = await pull(commit());
  assert.is(next.bytes, 6);
  assert.is(next.objects, 1 + 3 + 3 + 1); // the commit; root, usr, usr/etc; dirmetas; the file
});

test("a lost map costs fetching, nothing else", async () => {
  const { repo, commit, pull } = setUp("archive");
  const checksum = commit();
  const first = await pull(checksum);
  repo.disk.unlink(`${repo.path}/cache/ostree-map`);
  const again = await pull(checksum);
  assert.is(again.commit, first.commit);
  assert.ok(again.bytes > 0);
});

test("brings again what the store lost", async () => {
  const { repo, commit, pull } = setUp("archive");
  const checksum = commit();
  const { commit: ours } = await pull(checksum);
  const node = listing(repo, ours).get("/usr/etc/hostname") as { checksum: Checksum };
  repo.disk.unlink(`${repo.path}/objects/${node.checksum.slice(0, 2)}/${node.checksum.slice(2)}.file`);
  assert.is((await pull(checksum)).commit, ours);
  assert.equal(fsck(repo).defects, []);
});

test("keeps a large commit with the sizes of its objects", async () => {
  const { repo, commit, pull } = setUp("archive");
  const checksum = commit("--generate-sizes", `--body=${"text ".repeat(20_000)}`);
  const { commit: ours } = await pull(checksum);
  assert.is(sha256Of(originalCommit(readCommit(repo, ours).metadata)!), checksum);
});
