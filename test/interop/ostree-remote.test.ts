/** Remotes of type ostree: repositories that the real ostree made, over HTTP and from directories. */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { createDurable } from "../../src/durable.ts";
import { type ErrorCode, isAtomicError } from "../../src/errors.ts";
import { parseKeyring } from "../../src/gpgv.ts";
import {
  addRemote,
  fetchRef,
  fsck,
  initRepo,
  listRefs,
  listRemoteRefs,
  parsePublicKey,
  parseRefName,
  readCommit,
  readRef,
  readRemote,
  type Repo,
} from "../../src/ostree/index.ts";
import { dictType } from "../../src/ostree/libostree/commit.ts";
import { encodeVariant } from "../../src/ostree/libostree/gvariant.ts";
import { BLOBS, pairOf } from "../../src/ostree/libostree/metadata-value.ts";
import { type GpgKey, gpgKey } from "../support/gpg-key.ts";
import { httpServer, type TestServer } from "../support/http-server.ts";
import { unmet } from "../support/needs.ts";
import { makeOstreeTree, ostree, ostreePeer } from "../support/ostree.ts";
import { suite } from "../support/suite.ts";
import { tempDir } from "../support/temp.ts";

const test = suite(
  "interop/ostree-remote",
  unmet({ root: true, programs: ["gpg", "gpgv", "openssl"] }) ?? ostreePeer.missing,
);
const OS = parseRefName("os/x86_64");
const LOCAL = parseRefName("remotes/up/os/x86_64");

const keyringOf = ({ armored }: GpgKey) => parseKeyring(armored, "key").toString("base64");
const signed = ({ home, id }: GpgKey) => [`--gpg-sign=${id}`, `--gpg-homedir=${home}`];

interface Made {
  dir: string;
  theirs: string;
  repo: Repo;
  server: TestServer;
}
let friend: GpgKey;
let stranger: GpgKey;
const servers: TestServer[] = [];
test.before(() => {
  friend = gpgKey("friend");
  stranger = gpgKey("stranger");
});
test.after(() => {
  for (const server of servers) server.close();
});

async function setUp(mode = "archive"): Promise<Made> {
  const dir = tempDir();
  const theirs = join(dir, "theirs");
  makeOstreeTree(join(dir, "tree"));
  ostree("init", `--repo=${theirs}`, `--mode=${mode}`);
  const server = await httpServer((request, response) => {
    try {
      response.end(readFileSync(join(theirs, decodeURIComponent(request.url!))));
    } catch {
      response.writeHead(404).end();
    }
  });
  servers.push(server);
  return { dir, theirs, server, repo: initRepo(join(dir, "ours"), createDurable()) };
}

function commit({ dir, theirs }: Made, ...more: string[]): string {
  const args = ["-b", OS, "--timestamp=@1700000000", ...more];
  return ostree("commit", `--repo=${theirs}`, ...args, join(dir, "tree")).trim();
}

async function pull({ repo }: Made): Promise<ReturnType<typeof fetchRef> extends Promise<infer T> ? T : never> {
  return fetchRef(repo, readRemote(repo, "up"), { ref: OS });
}

async function add(made: Made, trust: { keyring?: string; key?: string; url?: string } = {}): Promise<void> {
  const { keyring, key, url = made.server.url } = trust;
  await addRemote(made.repo, {
    name: "up",
    type: "ostree",
    url,
    keys: key === undefined ? [] : [parsePublicKey(key, "robot")],
    ...(keyring === undefined ? {} : { keyring }),
    insecure: keyring === undefined && key === undefined,
  });
}

for (const mode of ["archive", "bare-user", "bare"]) {
  test(`pulls from a directory of mode ${mode}`, async () => {
    const made = await setUp(mode);
    commit(made, "--add-metadata-string=version=7");
    await add(made, { url: `file://${made.theirs}` });
    const { commit: pulled, signature } = await pull(made);
    assert.is(signature, "unsigned: remote up is insecure");
    assert.is(readRef(made.repo, LOCAL), pulled);
    assert.is(readCommit(made.repo, pulled).version, "7");
    assert.equal(fsck(made.repo).defects, []);
  });
}

test("pulls over HTTP what a directory gives, and asks once when nothing is new", async () => {
  const made = await setUp();
  commit(made);
  await add(made);
  const first = await pull(made);
  assert.equal(fsck(made.repo).defects, []);
  const asked = made.server.requests.length;
  const again = await pull(made);
  assert.equal(again, { ...first, objects: 0, bytes: 0 });
  assert.equal(
    made.server.requests.slice(asked).map(({ path }) => path),
    [`/refs/heads/${OS}`],
  );
});

test("lists refs by the summary, and pulls by it where there are no ref files", async () => {
  const made = await setUp();
  const checksum = commit(made, "--add-metadata-string=version=7");
  ostree("summary", "--update", `--repo=${made.theirs}`);
  rmSync(join(made.theirs, "refs"), { recursive: true });
  mkdirSync(join(made.theirs, "refs"));
  await add(made);
  const [tip, ...others] = await listRemoteRefs(made.repo, readRemote(made.repo, "up"));
  assert.equal(others, []);
  assert.is(tip?.ref, OS);
  assert.is(tip?.id, checksum);
  assert.is(tip?.timestamp, 1_700_000_000);
  await pull(made);
});

test("takes a commit that an accepted OpenPGP key signed, and asks twice when nothing is new", async () => {
  const made = await setUp();
  commit(made, ...signed(friend));
  await add(made, { keyring: keyringOf(friend) });
  assert.is((await pull(made)).signature, `OpenPGP ${friend.id} of remote up`);
  const asked = made.server.requests.length;
  await pull(made);
  assert.is(made.server.requests.length - asked, 2);
});

test("takes a commit that a signed summary names", async () => {
  const made = await setUp();
  commit(made);
  ostree("summary", "--update", `--repo=${made.theirs}`, ...signed(friend));
  await add(made, { keyring: keyringOf(friend) });
  assert.is((await pull(made)).signature, `summary, OpenPGP ${friend.id} of remote up`);
});

/** What `ostree sign --sign-type=ed25519` does; Debian builds ostree without it. */
function signEd25519({ dir, theirs }: Made, checksum: string): string {
  const object = join(theirs, `objects/${checksum.slice(0, 2)}/${checksum.slice(2)}`);
  const at = (name: string) => join(dir, name);
  execFileSync("openssl", ["genpkey", "-algorithm", "ed25519", "-out", at("key.pem")]);
  const sign = ["pkeyutl", "-sign", "-rawin", "-inkey", at("key.pem"), "-in", `${object}.commit`, "-out", at("sig")];
  execFileSync("openssl", sign);
  const dictionary = encodeVariant(dictType, pairOf("ostree.sign.ed25519", [readFileSync(at("sig"))], BLOBS));
  writeFileSync(`${object}.commitmeta`, dictionary);
  const der = execFileSync("openssl", ["pkey", "-in", at("key.pem"), "-pubout", "-outform", "DER"]);
  return der.subarray(-32).toString("base64");
}

test("takes a commit that an accepted ed25519 key signed", async () => {
  const made = await setUp();
  const checksum = commit(made);
  const key = signEd25519(made, checksum);
  const shown = ["show", `--repo=${made.theirs}`, "--print-detached-metadata-key=ostree.sign.ed25519", checksum];
  assert.match(ostree(...shown), /^\[(?:\[byte 0x|b['"])/); // a text where it ends with a NUL
  await add(made, { key });
  assert.match((await pull(made)).signature, /^ed25519 [0-9a-f]{16} \(robot\) of remote up$/);
});

const REFUSED: [string, ErrorCode, (made: Made) => void | Promise<void>][] = [
  [
    "a commit that nobody signed",
    "untrusted",
    async (made) => {
      commit(made);
      await add(made, { keyring: keyringOf(friend) });
    },
  ],
  [
    "a commit that another key signed",
    "untrusted",
    async (made) => {
      commit(made, ...signed(stranger));
      await add(made, { keyring: keyringOf(friend) });
    },
  ],
  [
    "a signature of another commit",
    "untrusted",
    async (made) => {
      const old = commit(made, ...signed(friend));
      const next = commit(made, "--subject=next");
      const meta = (of: string) => join(made.theirs, `objects/${of.slice(0, 2)}/${of.slice(2)}.commitmeta`);
      copyFileSync(meta(old), meta(next));
      await add(made, { keyring: keyringOf(friend) });
    },
  ],
  [
    "a signed summary that names another commit",
    "untrusted",
    async (made) => {
      commit(made);
      ostree("summary", "--update", `--repo=${made.theirs}`, ...signed(friend));
      commit(made, "--subject=next");
      await add(made, { keyring: keyringOf(friend) });
    },
  ],
  [
    "a commit that another ed25519 key signed",
    "untrusted",
    async (made) => {
      signEd25519(made, commit(made));
      await add(made, { key: Buffer.alloc(32, 9).toString("base64") });
    },
  ],
  [
    "a commit made for another ref",
    "untrusted",
    async (made) => {
      commit(made);
      const elsewhere = ["commit", `--repo=${made.theirs}`, "-b", "other", join(made.dir, "tree")];
      writeFileSync(join(made.theirs, "refs/heads", OS), ostree(...elsewhere));
      await add(made);
    },
  ],
  [
    "a signatures' file that is none",
    "invalid",
    async (made) => {
      const checksum = commit(made);
      writeFileSync(join(made.theirs, `objects/${checksum.slice(0, 2)}/${checksum.slice(2)}.commitmeta`), "none");
      await add(made, { keyring: keyringOf(friend) });
    },
  ],
  [
    "a ref that is no checksum",
    "invalid",
    async (made) => {
      mkdirSync(join(made.theirs, "refs/heads/os"), { recursive: true });
      writeFileSync(join(made.theirs, "refs/heads", OS), "latest\n");
      await add(made);
    },
  ],
  ["a ref that does not exist", "not-found", (made) => add(made)],
  [
    "an object that is missing",
    "not-found",
    async (made) => {
      commit(made);
      execFileSync("find", [join(made.theirs, "objects"), "-name", "*.filez", "-size", "-2", "-delete"]);
      await add(made);
    },
  ],
  [
    "a repository that keeps files uncompressed, over HTTP",
    "unsupported",
    async (made) => {
      commit(made);
      const config = join(made.theirs, "config");
      writeFileSync(config, readFileSync(config, "utf8").replace("archive-z2", "bare-user"));
      await add(made);
    },
  ],
];
for (const [what, code, plant] of REFUSED) {
  test(`refuses ${what}`, async () => {
    const made = await setUp();
    await plant(made);
    let thrown: unknown;
    await pull(made).catch((error: unknown) => (thrown = error));
    assert.ok(isAtomicError(thrown, code), String(thrown));
    assert.equal(listRefs(made.repo), []);
    assert.equal(fsck(made.repo).defects, []);
  });
}

test("refuses a commit older than the last unless told otherwise", async () => {
  const made = await setUp();
  commit(made);
  await add(made);
  const newer = await pull(made);
  commit(made, "--timestamp=@1600000000");
  let thrown: unknown;
  await pull(made).catch((error: unknown) => (thrown = error));
  assert.ok(isAtomicError(thrown, "conflict"), String(thrown));
  assert.is(readRef(made.repo, LOCAL), newer.commit);
  const remote = readRemote(made.repo, "up");
  const older = await fetchRef(made.repo, remote, { ref: OS, allowDowngrade: true });
  assert.is(readRef(made.repo, LOCAL), older.commit);
});

test("a pull that is cut off goes on where it was", async () => {
  const made = await setUp();
  for (let i = 0; i < 20; i++) writeFileSync(join(made.dir, "tree/usr", `file${i}`), `content ${i}\n`);
  commit(made);
  await add(made);
  const files = execFileSync("find", [join(made.theirs, "objects"), "-name", "*.filez"], { encoding: "utf8" })
    .trim()
    .split("\n");
  const victim = files.sort((a, b) => statSync(a).size - statSync(b).size)[0]!;
  const kept = readFileSync(victim);
  rmSync(victim);
  await pull(made).then(
    () => assert.unreachable(),
    () => undefined,
  );
  writeFileSync(victim, kept);
  const asked = made.server.requests.length;
  await pull(made);
  const again = made.server.requests.slice(asked).filter(({ path }) => path.endsWith(".filez"));
  assert.ok(again.length < files.length / 2, `${again.length} of ${files.length}`);
  assert.equal(fsck(made.repo).defects, []);
});
