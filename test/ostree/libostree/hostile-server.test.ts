import { randomBytes, sign } from "node:crypto";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { dirname, join } from "node:path";
import * as assert from "uvu/assert";
import { isAtomicError } from "../../../src/errors.ts";
import { fetchRef, fsck, listRefs, prune, readRef, type Repo } from "../../../src/ostree/index.ts";
import { dictType } from "../../../src/ostree/libostree/commit.ts";
import { encodeVariant } from "../../../src/ostree/libostree/gvariant.ts";
import { BLOBS, pairOf } from "../../../src/ostree/libostree/metadata-value.ts";
import { type Sha256 } from "../../../src/ostree/libostree/sha256.ts";
import { encodeSummary } from "../../../src/ostree/libostree/summary.ts";
import { withEnvironment } from "../../support/environment.ts";
import type { TestServer } from "../../support/http-server.ts";
import { type FakeRepo, fakeRepo } from "../../support/ostree-repo.ts";
import { suite } from "../../support/suite.ts";
import { tempDir } from "../../support/temp.ts";
import { LOCAL, MAIN, makeClient, makeKey, type Publisher, serveDirectory, type Tamper } from "../remote/published.ts";

const test = suite("ostree/libostree/hostile-server");

const LARGE = randomBytes(2 * 1024 * 1024);
const DOCUMENT = Buffer.from("a document\n");

interface Release {
  commit: Sha256;
  /** Of a file larger than what is taken whole. */
  large: Sha256;
}
interface Scene {
  theirs: FakeRepo;
  key: Publisher["key"];
  server: TestServer;
  /** Publishes a commit of this time behind a summary; only the summary is signed, by `key` if nothing else is said. */
  release(timestamp: number, by?: Publisher["key"]): Release;
}

/** A repository whose first release is of time 1000. */
async function published(use: (scene: Scene) => Promise<void>, tamper?: Tamper): Promise<void> {
  const theirs = fakeRepo(join(tempDir(), "theirs"));
  const key = makeKey("release");
  const release: Scene["release"] = (timestamp, { secret } = key) => {
    const large = theirs.file(LARGE);
    const files = { large, small: theirs.file(DOCUMENT), when: theirs.file(Buffer.from(String(timestamp))) };
    const commit = theirs.commit(theirs.dirtree(files), { timestamp });
    const summary = encodeSummary({ refs: new Map([[MAIN, { checksum: commit, size: 1, timestamp }]]) });
    const signatures = [sign(null, summary, secret.key)];
    mkdirSync(dirname(join(theirs.path, "refs/heads", MAIN)), { recursive: true });
    writeFileSync(join(theirs.path, "refs/heads", MAIN), `${commit}\n`);
    writeFileSync(join(theirs.path, "summary"), summary);
    writeFileSync(
      join(theirs.path, "summary.sig"),
      encodeVariant(dictType, pairOf("ostree.sign.ed25519", signatures, BLOBS)),
    );
    return { commit, large };
  };
  release(1000);
  const server = await serveDirectory(theirs.path, tamper);
  try {
    await use({ theirs, key, server, release });
  } finally {
    server.close();
  }
}

async function failure(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => "nothing was thrown",
    (thrown: unknown) => thrown,
  );
  return isAtomicError(error) ? `${error.code}: ${error.message}` : String(error);
}

/** Nothing is damaged, and no commit is there but that of the ref. */
function assertClean(repo: Repo, commit: string | undefined): void {
  assert.equal(fsck(repo).defects, []);
  assert.is(readRef(repo, LOCAL), commit);
  assert.is([...listRefs(repo)].length, commit === undefined ? 0 : 1);
}

/** What a pull may leave beside the store proper. */
function left(repo: Repo): string[] {
  return ["staging", "tmp", "incoming"].flatMap((name) => {
    try {
      return readdirSync(join(repo.path, name)).filter((each) => each !== "lock");
    } catch {
      return [];
    }
  });
}

const isFile = (path: string): boolean => path.endsWith(".filez");
const isRef = (path: string): boolean => path === `refs/heads/${MAIN}`;
function send(response: ServerResponse, announced: number, bytes: Buffer): void {
  response.writeHead(200, { "content-length": announced }).write(bytes);
}

const HOSTILE: { what: string; attack: Tamper; expected: RegExp }[] = [
  {
    what: "cuts a file short",
    attack: (path, _, response) => {
      if (!isFile(path)) return false;
      send(response, 5_000_000, randomBytes(8));
      setTimeout(() => response.destroy(), 20);
      return true;
    },
    expected: /^network: fetching http:[^ ]+[.]filez(, after [0-9]+ bytes)?: (aborted|socket hang up)$/,
  },
  {
    what: "cuts a directory short",
    attack: (path, _, response) => {
      if (!path.endsWith(".dirtree")) return false;
      send(response, 5000, randomBytes(8));
      setTimeout(() => response.destroy(), 20);
      return true;
    },
    expected: /^network: fetching http:[^ ]+[.]dirtree, after 8 bytes: aborted$/,
  },
  {
    what: "has less of a file than there should be, and says so",
    attack: (path, _, response) => isFile(path) && (response.end(randomBytes(5)), true),
    expected: /^invalid: reading http:[^ ]+[.]filez: decoding file header: it is cut off$/,
  },
  {
    what: "stalls in the ref",
    attack: (path, _, response) => isRef(path) && (send(response, 65, Buffer.from("0")), true),
    expected: /^network: fetching http:[^ ]+\/refs\/heads\/os\/main, after 1 bytes: nothing came for 0.5 s$/,
  },
  {
    what: "stalls in a directory",
    attack: (path, _, response) => path.endsWith(".dirtree") && (send(response, 5000, randomBytes(8)), true),
    expected: /^network: fetching http:[^ ]+[.]dirtree, after 8 bytes: nothing came for 0.5 s$/,
  },
  {
    what: "never answers for a file",
    attack: (path) => isFile(path),
    expected: /^network: fetching http:[^ ]+[.]filez: no answer within 0.5 s$/,
  },
  {
    what: "sends other bytes",
    attack: (path, _, response) => path.endsWith(".dirtree") && (response.end(randomBytes(100)), true),
    expected: /^corrupt: reading a dirtree from http:[^ ]+: expected [0-9a-f]{64}, found [0-9a-f]{64}$/,
  },
  {
    what: "announces ten gigabytes in place of a ref",
    attack: (path, _, response) => isRef(path) && (send(response, 10 * 2 ** 30, Buffer.from("0")), true),
    expected: /^invalid: fetching http:[^ ]+\/refs\/heads\/os\/main: expected at most 1024 bytes, found 10737418240$/,
  },
  {
    what: "announces ten gigabytes in place of a directory",
    attack: (path, _, response) => path.endsWith(".dirtree") && (send(response, 10 * 2 ** 30, Buffer.from("0")), true),
    expected: /^invalid: fetching http:[^ ]+[.]dirtree: expected at most [0-9]+ bytes, found 10737418240$/,
  },
  {
    what: "sends ten gigabytes in place of a file",
    attack: (path, _, response) => {
      if (!isFile(path)) return false;
      response.writeHead(200, { "content-length": 10 * 2 ** 30 });
      const more = (): void =>
        void (response.destroyed || response.write(Buffer.alloc(100_000), () => setImmediate(more)));
      more();
      return true;
    },
    expected: /^invalid: reading http:[^ ]+[.]filez: decoding file header: /,
  },
  {
    what: "redirects in circles",
    attack: (path, _, response) => (response.writeHead(302, { location: `/${path}` }).end(), true),
    expected: /^invalid: fetching http:[^ ]+\/refs\/heads\/os\/main: more than 5 redirects$/,
  },
  {
    what: "redirects files in circles",
    attack: (path, _, response) => isFile(path) && (response.writeHead(302, { location: `/${path}` }).end(), true),
    expected: /^invalid: fetching http:[^ ]+[.]filez: more than 5 redirects$/,
  },
  {
    what: "has lost a file",
    attack: (path, _, response) => isFile(path) && (response.writeHead(404).end(), true),
    expected: /^not-found: reading file [0-9a-f]{64}: http:[^ ]+[.]filez answered 404$/,
  },
  {
    what: "has lost its ref and its summary",
    attack: (path, _, response) => (isRef(path) || path === "summary") && (response.writeHead(404).end(), true),
    expected: /^not-found: reading ref os\/main: not in http:/,
  },
  {
    what: "has no signature",
    attack: (path, _, response) => path === "summary.sig" && (response.writeHead(404).end(), true),
    expected: /^untrusted: pulling os\/main from http:[^ ]+: no accepted key signed [0-9a-f]{64}$/,
  },
];
for (const { what, attack, expected } of HOSTILE) {
  test(`a server that ${what}: one clear error, nothing pulled, and an honest one completes`, async () => {
    let honest = false;
    await published(
      async ({ server, key }) => {
        const { repo, remote } = await makeClient(server.url, { type: "ostree", keys: [key.publicKey] });
        const limits = / s[$]/.test(expected.source) ? { ATOMIC_HTTP_TIMEOUT: "0.5" } : {};
        const found = await withEnvironment(limits, () => failure(fetchRef(repo, remote, { ref: MAIN })));
        assert.match(found, expected, found);
        assertClean(repo, undefined);
        honest = true;
        const { commit } = await fetchRef(repo, remote, { ref: MAIN });
        assertClean(repo, commit);
        await prune(repo);
        assert.equal(left(repo), []);
      },
      (path, request, response) => !honest && attack(path, request, response),
    );
  });
}

test("a file that is lost in the middle: what came before it is not fetched again", async () => {
  let lost: string | undefined;
  await published(
    async ({ server, key, release }) => {
      const { repo, remote } = await makeClient(server.url, { type: "ostree", keys: [key.publicKey] });
      const { commit } = await fetchRef(repo, remote, { ref: MAIN });
      const { large } = release(2000);
      lost = "when";
      assert.match(await failure(fetchRef(repo, remote, { ref: MAIN })), /^not-found: reading file/);
      assertClean(repo, commit);
      lost = undefined;
      server.requests.length = 0;
      const next = await fetchRef(repo, remote, { ref: MAIN });
      assertClean(repo, next.commit);
      assert.not.ok(server.requests.some(({ path }) => path.includes(large.slice(2))));
    },
    (path, _, response) => lost !== undefined && isFile(path) && (response.writeHead(404).end(), true),
  );
});

test("an old signed summary is refused, unless a downgrade is allowed", () =>
  published(async ({ server, key, release }) => {
    const { repo, remote } = await makeClient(server.url, { type: "ostree", keys: [key.publicKey] });
    const old = await fetchRef(repo, remote, { ref: MAIN });
    release(2000);
    const { commit } = await fetchRef(repo, remote, { ref: MAIN });
    release(1000);
    assert.match(
      await failure(fetchRef(repo, remote, { ref: MAIN })),
      /^conflict: pulling os\/main from remote os: its commit of 1970-01-01T00:16:40.000Z is older than the last$/,
    );
    assertClean(repo, commit);
    await fetchRef(repo, remote, { ref: MAIN, allowDowngrade: true });
    assertClean(repo, old.commit);
  }));

test("a summary signed by another key is refused", () =>
  published(async ({ server, key, release }) => {
    const { repo, remote } = await makeClient(server.url, { type: "ostree", keys: [key.publicKey] });
    const { commit } = await fetchRef(repo, remote, { ref: MAIN });
    release(2000, makeKey("stranger"));
    assert.match(await failure(fetchRef(repo, remote, { ref: MAIN })), /^untrusted: .* no accepted key signed/);
    assertClean(repo, commit);
  }));
