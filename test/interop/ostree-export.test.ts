/** What we export, the real ostree accepts. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import * as assert from "uvu/assert";
import { createDurable } from "../../src/durable.ts";
import { isAtomicError } from "../../src/errors.ts";
import {
  addRemote,
  commitTree,
  exportOstree,
  fetchRef,
  initRepo,
  parseRefName,
  readRemote,
  type Repo,
} from "../../src/ostree/index.ts";
import { cliJson } from "../support/cli.ts";
import { unmet } from "../support/needs.ts";
import { makeOstreeTree, ostree, ostreePeer } from "../support/ostree.ts";
import { makeSampleTree } from "../support/sample-tree.ts";
import { suite } from "../support/suite.ts";
import { tempDir } from "../support/temp.ts";

const test = suite("interop/ostree-export", unmet({ root: true }) ?? ostreePeer.missing);
const MAIN = parseRefName("os/main");

function setUp(): { dir: string; repo: Repo; tree: string; directory: string } {
  const dir = tempDir();
  makeOstreeTree(join(dir, "tree"));
  const repo = initRepo(join(dir, "ours"), createDurable());
  return { dir, repo, tree: join(dir, "tree"), directory: join(dir, "export") };
}

test("ostree accepts an exported commit, and makes the same tree of the directory it came from", async () => {
  const { dir, repo, tree, directory } = setUp();
  const made = await commitTree(repo, { tree, ref: MAIN, version: "1.0", subject: "hello", timestamp: 1_700_000_000 });
  const requests = [{ commit: made.commit, ref: MAIN }];
  const { commits, objects } = await exportOstree(repo, { directory, requests });
  assert.ok(objects > 10);
  assert.match(ostree("fsck", `--repo=${directory}`, "--verify-bindings"), /0 objects? with errors|completed/i);
  const theirs = join(dir, "theirs");
  ostree("init", `--repo=${theirs}`, "--mode=archive");
  ostree("commit", `--repo=${theirs}`, "-b", MAIN, tree);
  const listing = (path: string) => ostree("ls", `--repo=${path}`, "-RCX", MAIN);
  assert.is(listing(directory), listing(theirs));
  assert.match(ostree("show", `--repo=${directory}`, MAIN), new RegExp(`^commit ${commits[0]!.ostree}[^]*hello`));
  assert.match(ostree("log", `--repo=${directory}`, MAIN), /Version: 1\.0/);

  const puller = join(dir, "puller");
  ostree("init", `--repo=${puller}`, "--mode=bare-user");
  ostree("remote", "add", `--repo=${puller}`, "--no-gpg-verify", "up", pathToFileURL(directory).href);
  ostree("pull", `--repo=${puller}`, "up", MAIN);
  assert.is(ostree("rev-parse", `--repo=${puller}`, `up:${MAIN}`).trim(), commits[0]!.ostree);
  assert.match(ostree("remote", "refs", `--repo=${puller}`, "up"), new RegExp(`up:${MAIN}`));
  ostree("checkout", `--repo=${puller}`, "-U", `up:${MAIN}`, join(dir, "out"));
  execFileSync("diff", ["-r", "--no-dereference", join(dir, "tree/usr"), join(dir, "out/usr")]);
});

test("a second export writes nothing, and gives the same checksum", async () => {
  const { repo, tree, directory } = setUp();
  const { commit } = await commitTree(repo, { tree, ref: MAIN });
  const requests = [{ commit, ref: MAIN }];
  const first = await exportOstree(repo, { directory, requests });
  const again = await exportOstree(repo, { directory, requests });
  assert.is(again.objects, 0);
  assert.equal(again.commits, first.commits);
  const elsewhere = await exportOstree(repo, { directory: `${directory}2`, requests });
  assert.equal(elsewhere.commits, first.commits);
});

for (const mode of ["archive", "bare"]) {
  test(`a commit from a repository of mode ${mode} goes back with its own checksum`, async () => {
    const { dir, repo, tree, directory } = setUp();
    const theirs = join(dir, "theirs");
    ostree("init", `--repo=${theirs}`, `--mode=${mode}`);
    const args = ["--body=long", "--add-metadata-string=version=3", "--add-metadata=custom.key=<(1, 'x')>"];
    ostree("commit", `--repo=${theirs}`, "-b", MAIN, tree);
    const checksum = ostree("commit", `--repo=${theirs}`, "-b", MAIN, ...args, tree).trim();
    await addRemote(repo, { name: "up", type: "ostree", url: pathToFileURL(theirs).href, keys: [], insecure: true });
    await fetchRef(repo, readRemote(repo, "up"), { ref: MAIN });
    const { json } = cliJson(["repo", "export", "--repo", repo.path, "--ostree", directory, `remotes/up/${MAIN}`]);
    assert.equal(
      (json as { commits: object[] }).commits.map((each) => ({ ...each, commit: "" })),
      [{ commit: "", ref: MAIN, ostree: checksum }],
    );
    ostree("fsck", `--repo=${directory}`, "--verify-bindings");
    assert.is(ostree("ls", `--repo=${directory}`, "-RCX", MAIN), ostree("ls", `--repo=${theirs}`, "-RCX", MAIN));
    const object = `objects/${checksum.slice(0, 2)}/${checksum.slice(2)}.commit`;
    assert.ok(readFileSync(join(directory, object)).equals(readFileSync(join(theirs, object))));
  });
}

test("adds to a repository that ostree made, and keeps its refs in the summary", async () => {
  const { repo, tree, directory } = setUp();
  ostree("init", `--repo=${directory}`, "--mode=archive");
  ostree("commit", `--repo=${directory}`, "-b", "other", tree);
  writeFileSync(join(directory, "summary.sig"), "signature of another summary");
  const { commit } = await commitTree(repo, { tree, ref: MAIN });
  const result = await exportOstree(repo, { directory, requests: [{ commit, ref: MAIN }] });
  assert.is(result.objects, 1); // the commit; the tree is there
  assert.is(result.unsigned, true);
  assert.not.ok(existsSync(join(directory, "summary.sig")));
  const summary = ostree("summary", `--repo=${directory}`, "--view");
  for (const ref of ["* other", `* ${MAIN}`]) assert.ok(summary.includes(ref), summary);
  ostree("fsck", `--repo=${directory}`);
});

test("names what OSTree cannot hold, and leaves the repository as it was", async () => {
  const { dir, repo, directory } = setUp();
  makeSampleTree(join(dir, "sample"));
  const { commit } = await commitTree(repo, { tree: join(dir, "sample"), ref: MAIN });
  let thrown: unknown;
  await exportOstree(repo, { directory, requests: [{ commit, ref: MAIN }] }).catch(
    (error: unknown) => (thrown = error),
  );
  assert.ok(isAtomicError(thrown, "unsupported"), String(thrown));
  assert.match(String(thrown), /exporting \/dev\/disk: OSTree cannot hold it: it is a block/);
  assert.equal(ostree("refs", `--repo=${directory}`), "");
});

test("refuses a directory that holds something else, and a ref that ostree does not allow", async () => {
  const { repo, tree, directory } = setUp();
  const { commit } = await commitTree(repo, { tree, ref: MAIN });
  const refused = async (ref: string, code: "conflict" | "usage") => {
    let thrown: unknown;
    await exportOstree(repo, { directory, requests: [{ commit, ref }] }).catch((error: unknown) => (thrown = error));
    assert.ok(isAtomicError(thrown, code), String(thrown));
  };
  await refused("a@b", "usage");
  mkdirSync(directory);
  writeFileSync(join(directory, "notes"), "");
  await refused(MAIN, "conflict");
});
