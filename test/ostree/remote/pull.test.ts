import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { createDurable } from "../../../src/durable.ts";
import { fetchRef, fsck, listRemoteRefs, parseRefName, prune, publish, readRef } from "../../../src/ostree/index.ts";
import { readSignatures } from "../../../src/ostree/remote/commit-signatures.ts";
import { parsePackIndex } from "../../../src/ostree/remote/pack-index.ts";
import { readPublished } from "../../../src/ostree/remote/push.ts";
import { changeKeys } from "../../../src/ostree/remote/remote-config.ts";
import type { Repo } from "../../../src/ostree/repo.ts";
import { codeOf } from "../../deploy/host-fixture.ts";
import { unmet } from "../../support/needs.ts";
import { suite } from "../../support/suite.ts";
import type { TestServer } from "../../support/http-server.ts";
import {
  LOCAL,
  MAIN,
  makeClient,
  makeKey,
  makePublisher,
  type Publisher,
  serveDirectory,
  type Tamper,
} from "./published.ts";

const test = suite("ostree/remote: pull", unmet({ root: true }));

/** Publishes version 1, serves it to `use`, and ends the server. */
async function published(
  use: (scene: Publisher & { server: TestServer; first: string }) => Promise<void>,
  tamper?: Tamper,
): Promise<void> {
  const publisher = await makePublisher();
  const first = await publisher.release(1);
  const server = await serveDirectory(publisher.repo.path, tamper);
  try {
    await use({ ...publisher, server, first });
  } finally {
    server.close();
  }
}

function assertWhole(repo: Repo, commit: string | undefined): void {
  assert.equal(fsck(repo).defects, []);
  assert.is(readRef(repo, LOCAL), commit);
}

test("pulls a commit with everything it needs, from a server or a directory", () =>
  published(async ({ server, key, first, repo: source }) => {
    for (const url of [server.url, `file://${source.path}`]) {
      const { repo, remote } = await makeClient(url, { keys: [key.publicKey] });
      const { commit, signature, objects } = await fetchRef(repo, remote, { ref: MAIN });
      assert.is(commit, first);
      assert.match(signature, /^ed25519 [0-9a-f]{16} \(release of remote os\)$/);
      assert.is(objects, 49);
      assertWhole(repo, first);
      assert.equal(readSignatures(repo, commit).length, 1);
      assert.equal(readdirSync(join(repo.path, "incoming")), ["lock"]);
    }
  }));

test("a second version costs only what is new", () =>
  published(async ({ server, key, release }) => {
    const { repo, remote } = await makeClient(server.url, { keys: [key.publicKey] });
    const cold = await fetchRef(repo, remote, { ref: MAIN });
    const second = await release(2);
    const { bytes } = await fetchRef(repo, remote, { ref: MAIN });
    assert.ok(bytes < cold.bytes * 0.6, `${bytes} of ${cold.bytes}`);
    assertWhole(repo, second);
  }));

test("what is there already costs one small request", () =>
  published(async ({ server, key, first }) => {
    const { repo, remote } = await makeClient(server.url, { keys: [key.publicKey] });
    await fetchRef(repo, remote, { ref: MAIN });
    const before = server.requests.length;
    const { objects, bytes, commit } = await fetchRef(repo, remote, { ref: MAIN });
    assert.equal([objects, bytes, commit], [0, 0, first]);
    assert.is(server.requests.length - before, 1);
    assert.ok(server.requests.at(-1)!.headers["if-none-match"] !== undefined);
  }));

test("many objects come in few requests", () =>
  published(async ({ server, key }) => {
    const { repo, remote } = await makeClient(server.url, { keys: [key.publicKey] });
    await fetchRef(repo, remote, { ref: MAIN });
    assert.ok(server.requests.length <= 6, String(server.requests.length));
  }));

test("lists what a remote offers", () =>
  published(async ({ server, key, first }) => {
    const { repo, remote } = await makeClient(server.url, { keys: [key.publicKey] });
    const tip = { ref: MAIN, id: first, commit: first, timestamp: 1_700_001_000, version: "1" };
    assert.equal(await listRemoteRefs(repo, remote), [tip]);
    assert.is(await codeOf(() => fetchRef(repo, remote, { ref: parseRefName("other") })), "not-found");
  }));

test("a plan says what is to come before any file is fetched, and may be refused", () =>
  published(async ({ server, key }) => {
    const { repo, remote } = await makeClient(server.url, { keys: [key.publicKey] });
    const onPlan = ({ download, files = [] }: { download: number; files?: number[] }): void => {
      assert.is(files.length, 43);
      assert.is(files.reduce((sum, size) => sum + size, 0) > 3_000_000, true);
      assert.ok(download > 3_000_000 && download < 3_100_000, String(download));
      throw new Error("refused");
    };
    try {
      await fetchRef(repo, remote, { ref: MAIN, onPlan });
      assert.unreachable();
    } catch (error) {
      assert.is((error as Error).message, "refused");
    }
    assertWhole(repo, undefined);
  }));

test("keys rotate, and a revoked one counts no longer", () =>
  published(async ({ server, key, release }) => {
    const next = makeKey("next");
    const { repo, remote } = await makeClient(server.url, { keys: [key.publicKey] });
    await fetchRef(repo, remote, { ref: MAIN });
    await release(2, [next.secret]);
    assert.is(await codeOf(() => fetchRef(repo, remote, { ref: MAIN })), "untrusted");
    const both = await changeKeys(repo, "os", { add: [next.publicKey] });
    assert.match((await fetchRef(repo, both, { ref: MAIN })).signature, /next of remote os/);
    const only = await changeKeys(repo, "os", { remove: ["release"] });
    await release(3);
    assert.is(await codeOf(() => fetchRef(repo, only, { ref: MAIN })), "untrusted");
  }));

test("a revoked key does not count for what was pulled before either", () =>
  published(async ({ server, key }) => {
    const { repo, remote } = await makeClient(server.url, { keys: [key.publicKey, makeKey("b").publicKey] });
    await fetchRef(repo, remote, { ref: MAIN });
    const only = await changeKeys(repo, "os", { remove: ["release"] });
    assert.is(await codeOf(() => fetchRef(repo, only, { ref: MAIN })), "untrusted");
  }));

test("a commit must be signed, not only the summary", () =>
  published(async ({ server, key, release, repo: source }) => {
    const { repo, remote } = await makeClient(server.url, { keys: [key.publicKey] });
    await release(2, [makeKey("stranger").secret]);
    await publish(source, { refs: [MAIN], keys: [key.secret] });
    assert.is(await codeOf(() => fetchRef(repo, remote, { ref: MAIN })), "untrusted");
    assertWhole(repo, undefined);
  }));

test("an insecure remote needs no signature, and says so", () =>
  published(async ({ server, release }) => {
    const { repo, remote } = await makeClient(server.url, { insecure: true });
    await release(2, []);
    assert.is((await fetchRef(repo, remote, { ref: MAIN })).signature, "unsigned: remote os is insecure");
  }));

test("an older summary is refused, unless a downgrade is allowed", () =>
  published(async ({ server, key, release, repo: source, first }) => {
    const { repo, remote } = await makeClient(server.url, { keys: [key.publicKey] });
    const old = readFileSync(join(source.path, "summary"));
    const second = await release(2);
    await fetchRef(repo, remote, { ref: MAIN });
    writeFileSync(join(source.path, "summary"), old);
    assert.is(await codeOf(() => fetchRef(repo, remote, { ref: MAIN })), "conflict");
    assertWhole(repo, second);
    await fetchRef(repo, remote, { ref: MAIN, allowDowngrade: true });
    assertWhole(repo, first);
  }));

test("publishing again keeps the packs of the summary before, and drops older ones nobody needs", () =>
  published(async ({ repo, release }) => {
    const packs = () => readdirSync(join(repo.path, "packs")).filter((name) => name.endsWith(".pack")).length;
    assert.is(packs(), 1);
    await release(2);
    assert.is(packs(), 2);
    await publish(repo, { refs: [MAIN] });
    assert.is(packs(), 2);
  }));

test("prune removes the signatures of commits it removes, and what an interrupted pull left", () =>
  published(async ({ server, key, release }) => {
    const { repo, remote } = await makeClient(server.url, { keys: [key.publicKey] });
    const { commit } = await fetchRef(repo, remote, { ref: MAIN });
    await release(2);
    await fetchRef(repo, remote, { ref: MAIN });
    writeFileSync(join(repo.path, "incoming", `${"0".repeat(64)}.file`), "left");
    await prune(repo, { depth: 0 });
    assert.equal(readSignatures(repo, commit), []);
    assert.equal(readdirSync(join(repo.path, "incoming")), ["lock"]);
  }));

interface Hostile {
  what: string;
  tamper: (scene: { strikes: number }) => Tamper;
  code: string;
}
const isPack = (path: string): boolean => path.endsWith(".pack");
const HOSTILE: Hostile[] = [
  {
    what: "cuts a pack short",
    tamper: () => (path, _, response) => {
      if (!isPack(path)) return false;
      response.writeHead(206, { "content-range": "bytes 0-99/100" }).end(Buffer.alloc(100));
      return true;
    },
    code: "invalid",
  },
  {
    what: "announces more than it sends",
    tamper: () => (path, request, response) => {
      if (!isPack(path)) return false;
      const [, first = "", last = ""] = /^bytes=([0-9]+)-([0-9]+)$/.exec(request.headers.range!) ?? [];
      const length = Number(last) - Number(first) + 1;
      response.writeHead(206, { "content-range": `bytes ${first}-${last}/9999999`, "content-length": length });
      response.flushHeaders();
      setImmediate(() => response.destroy());
      return true;
    },
    code: "network",
  },
  {
    what: "answers a small range with ten gigabytes of something else",
    tamper: () => (path, _, response) => {
      if (!isPack(path)) return false;
      response.writeHead(200, { "content-length": 10 * 2 ** 30 });
      const more = (): void =>
        void (response.destroyed || response.write(Buffer.alloc(100_000), () => setImmediate(more)));
      more();
      return true;
    },
    code: "corrupt",
  },
  {
    what: "sends other bytes",
    tamper: () => (path, request, response) => {
      if (!isPack(path)) return false;
      const [, first = "", last = ""] = /^bytes=([0-9]+)-([0-9]+)$/.exec(request.headers.range!) ?? [];
      const length = Number(last) - Number(first) + 1;
      response.writeHead(206, { "content-range": `bytes ${first}-${last}/9999999` }).end(Buffer.alloc(length, 7));
      return true;
    },
    code: "corrupt",
  },
  {
    what: "loses a pack in the middle of a pull",
    tamper: (scene) => (path, _, response) => {
      if (!isPack(path) || scene.strikes++ === 0) return false;
      response.writeHead(404).end();
      return true;
    },
    code: "not-found",
  },
  {
    what: "sends an endless summary",
    tamper: () => (path, _, response) => {
      if (path !== "summary") return false;
      response.writeHead(200, { "content-length": 10 * 2 ** 30 }).write("x");
      return true;
    },
    code: "invalid",
  },
  {
    what: "sends an endless index",
    tamper: () => (path, _, response) => {
      if (!path.endsWith(".index")) return false;
      response.writeHead(200).end(Buffer.alloc(1_000_000));
      return true;
    },
    code: "invalid",
  },
  {
    what: "sends another index",
    tamper: () => (path, _, response) => {
      if (!path.endsWith(".index")) return false;
      response.end("index");
      return true;
    },
    code: "corrupt",
  },
  {
    what: "redirects in circles",
    tamper: () => (path, _, response) => {
      response.writeHead(302, { location: `/${path}` }).end();
      return true;
    },
    code: "invalid",
  },
  {
    what: "changes the summary after it was signed",
    tamper: () => (path, _, response) => {
      if (path !== "summary") return false;
      response.end("atomic-summary 1\n\n{}\n");
      return true;
    },
    code: "invalid",
  },
  {
    what: "has no summary",
    tamper: () => (_, __, response) => {
      response.writeHead(404).end();
      return true;
    },
    code: "not-found",
  },
];
for (const { what, tamper, code } of HOSTILE) {
  test(`a server that ${what}: one clear error, nothing pulled, and an honest one completes`, async () => {
    const scene = { strikes: 0, honest: false };
    const attack = tamper(scene);
    await published(
      async ({ server, key, first }) => {
        const { repo, remote } = await makeClient(server.url, { keys: [key.publicKey] });
        assert.is(await codeOf(() => fetchRef(repo, remote, { ref: MAIN })), code);
        assertWhole(repo, undefined);
        scene.honest = true;
        await fetchRef(repo, remote, { ref: MAIN });
        assertWhole(repo, first);
      },
      (path, request, response) => !scene.honest && attack(path, request, response),
    );
  });
}

test("an interrupted pull goes on: no byte that arrived is fetched again", async () => {
  const served: { first: number; last: number }[] = [];
  let tries = 0;
  await published(
    async ({ server, key, first }) => {
      const { repo, remote } = await makeClient(server.url, { keys: [key.publicKey] });
      assert.is(await codeOf(() => fetchRef(repo, remote, { ref: MAIN })), "not-found");
      tries += 1;
      assertWhole(repo, undefined);
      await fetchRef(repo, remote, { ref: MAIN });
      assertWhole(repo, first);
    },
    (path, request, response) => {
      if (!isPack(path)) return false;
      const [, first, last] = /^bytes=([0-9]+)-([0-9]+)$/.exec(request.headers.range!)!.map(Number) as [
        0,
        number,
        number,
      ];
      if (tries === 0 && last - first > 2_000_000) {
        response.writeHead(404).end(); // the large file, while the others arrive
        return true;
      }
      served.push({ first, last });
      return false;
    },
  );
  served.sort((a, b) => a.first - b.first);
  assert.ok(served.length > 2);
  for (const [i, { first }] of served.entries()) assert.ok(i === 0 || first > served[i - 1]!.last);
});

test("what an interrupted pull left is hashed before it counts", () =>
  published(async ({ server, key, first }) => {
    const { repo, remote } = await makeClient(server.url, { keys: [key.publicKey] });
    const stop = createDurable({ stopAt: 40 });
    await codeOfAny(() => fetchRef({ ...repo, disk: stop }, remote, { ref: MAIN }));
    const incoming = join(repo.path, "incoming");
    const left = readdirSync(incoming).filter((name) => name !== "lock");
    assert.ok(left.length > 5, String(left.length));
    for (const name of left.slice(0, 3)) truncateSync(join(incoming, name), 0); // as a power cut would
    await fetchRef(repo, remote, { ref: MAIN });
    assertWhole(repo, first);
  }));

test("stopped before any operation, the store is whole and a repeat completes", () =>
  published(async ({ server, key, first }) => {
    let total = 0;
    const counted = await makeClient(server.url, { keys: [key.publicKey] }, createDurable({ record: () => total++ }));
    const before = total;
    await fetchRef(counted.repo, counted.remote, { ref: MAIN });
    assert.ok(total > before);
    const steps = total - before;
    for (let stopAt = 1; stopAt <= steps; stopAt += stopAt > 4 && stopAt < steps - 12 ? 29 : 1) {
      const { repo, remote } = await makeClient(server.url, { keys: [key.publicKey] });
      await codeOfAny(() => fetchRef({ ...repo, disk: createDurable({ stopAt }) }, remote, { ref: MAIN }));
      assert.equal(fsck(repo).defects, [], `stopped before ${stopAt}`);
      assert.ok([undefined, first].includes(readRef(repo, LOCAL)));
      await fetchRef(repo, remote, { ref: MAIN });
      assertWhole(repo, first);
    }
  }));

test("what was kept of a frame is no harm when a power cut has taken its bytes", () =>
  published(async ({ server, key, first, repo: source }) => {
    const { repo, remote } = await makeClient(server.url, { keys: [key.publicKey] });
    const { packs } = readPublished(source.path).summary;
    const name = packs[0]!.name;
    const index = parsePackIndex(readFileSync(join(source.path, "packs", `${name}.index`)), name);
    mkdirSync(join(repo.path, "incoming"), { mode: 0o700 });
    writeFileSync(join(repo.path, "incoming", `${name}.index`), "gone");
    for (const { offset, stored } of index.frames)
      writeFileSync(join(repo.path, "incoming", `${name}-${offset}.rest`), Buffer.alloc(stored - 1));
    await fetchRef(repo, remote, { ref: MAIN });
    assertWhole(repo, first);
    assert.equal(readdirSync(join(repo.path, "incoming")), ["lock"]);
  }));

test("large objects of an interrupted pull keep the frames they have", () =>
  published(async ({ server, key, first, repo: source }) => {
    const { repo, remote } = await makeClient(server.url, { keys: [key.publicKey] });
    await fetchRef(repo, remote, { ref: MAIN });
    const large = readdirSync(join(repo.path, "objects"))
      .flatMap((prefix) => readdirSync(join(repo.path, "objects", prefix)).map((name) => `${prefix}${name}`))
      .find((name) => statSync(join(repo.path, "objects", name.slice(0, 2), name.slice(2))).size === 3_000_000)!;
    const second = await makeClient(server.url, { keys: [key.publicKey] });
    const bytes = readFileSync(join(source.path, "objects", large.slice(0, 2), large.slice(2)));
    const incoming = join(second.repo.path, "incoming");
    await codeOfAny(() =>
      fetchRef(second.repo, second.remote, {
        ref: MAIN,
        onPlan: () => {
          throw new Error("stop");
        },
      }),
    );
    assert.ok(existsSync(incoming));
    writeFileSync(join(incoming, large), bytes.subarray(0, 2_500_000));
    const fetched = await fetchRef(second.repo, second.remote, { ref: MAIN });
    assert.ok(fetched.bytes < 1_100_000, String(fetched.bytes));
    assertWhole(second.repo, first);
  }));

async function codeOfAny(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
  }
}
