import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { fetchRef, fsck } from "../../../src/ostree/index.ts";
import { parseRange } from "../../../src/http-range.ts";
import { type ServedStore, serveStore } from "../../../src/ostree/remote/serve-store.ts";
import { codeOf } from "../../deploy/host-fixture.ts";
import { unmet } from "../../support/needs.ts";
import { suite } from "../../support/suite.ts";
import { tempDir } from "../../support/temp.ts";
import { MAIN, makeClient, makePublisher } from "./published.ts";

const test = suite("ostree/remote: serve", unmet({ root: true }));
const ANY = { host: "127.0.0.1", port: 0 };

async function serving(directory: string, use: (served: ServedStore) => Promise<void>): Promise<void> {
  const served = await serveStore(directory, ANY);
  try {
    await use(served);
  } finally {
    served.close();
  }
}

/** The answer to a request exactly as written. */
function raw(url: string, head: string): Promise<string> {
  return new Promise((done, reject) => {
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    let text = "";
    socket.setEncoding("latin1").on("data", (chunk: string) => (text += chunk));
    socket.on("end", () => done(text)).on("error", reject);
    socket.write(`${head} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
  });
}

test("hosts pull from it, and again with one request that says nothing is new", async () => {
  const publisher = await makePublisher();
  await publisher.release(1);
  await serving(publisher.repo.path, async ({ url }) => {
    const { repo, remote } = await makeClient(url, { keys: [publisher.key.publicKey] });
    await fetchRef(repo, remote, { ref: MAIN });
    assert.equal(fsck(repo).defects, []);
    assert.is((await fetchRef(repo, remote, { ref: MAIN })).bytes, 0);
    const summary = await fetch(`${url}/summary`);
    const again = await fetch(`${url}/summary`, { headers: { "if-none-match": summary.headers.get("etag")! } });
    assert.equal([summary.status, again.status], [200, 304]);
    await publisher.release(2);
    const newer = await fetch(`${url}/summary`, { headers: { "if-none-match": summary.headers.get("etag")! } });
    assert.is(newer.status, 200);
  });
});

/** A directory whose summary has ten bytes, with things beside it that are nobody's business. */
function directory(): string {
  const dir = tempDir();
  writeFileSync(join(dir, "summary"), "0123456789");
  writeFileSync(join(dir, "lock"), "secret");
  mkdirSync(join(dir, "packs"));
  mkdirSync(join(dir, "objects"));
  mkdirSync(join(dir, "packs", `${"a".repeat(64)}.pack`));
  symlinkSync("/etc/hostname", join(dir, "packs", `${"b".repeat(64)}.pack`));
  return dir;
}

test("serves parts as RFC 9110 has them", () =>
  serving(directory(), async ({ url }) => {
    const RANGES: [range: string, status: number, body: string][] = [
      ["bytes=0-3", 206, "0123"],
      ["bytes=4-", 206, "456789"],
      ["bytes=-3", 206, "789"],
      ["bytes=8-99", 206, "89"],
      ["bytes=10-", 416, ""],
      ["bytes=-0", 416, ""],
      ["bytes=0-1,4-5", 200, "0123456789"],
      ["bytes=3-1", 200, "0123456789"],
      ["lines=0-1", 200, "0123456789"],
    ];
    for (const [range, status, body] of RANGES) {
      const answer = await fetch(`${url}/summary`, { headers: { range } });
      assert.equal([answer.status, await answer.text()], [status, body], range);
    }
    const changed = await fetch(`${url}/summary`, { headers: { range: "bytes=0-3", "if-range": '"other"' } });
    assert.is(changed.status, 200);
    const head = await fetch(`${url}/summary?x`, { method: "HEAD" });
    assert.equal([head.status, head.headers.get("content-length")], [200, "10"]);
  }));

test("says what part it sends", () => {
  assert.equal(parseRange("bytes=2-5", 10), { offset: 2, length: 4 });
  assert.is(parseRange("bytes=0-", 0), "unsatisfiable");
});

const CLOSED = [
  "GET /lock",
  "GET /",
  "GET /objects",
  "GET /packs",
  "GET /../../../../etc/hostname",
  "GET /packs/../lock",
  "GET /packs/..%2flock",
  "GET //etc/hostname",
  "GET http://x/summary",
  `GET /packs/${"a".repeat(64)}.pack/../../lock`,
  `GET /packs/${"b".repeat(64)}.pack`,
  `GET /packs/${"c".repeat(64)}.pack`,
];
test("offers nothing but what is published", () =>
  serving(directory(), async ({ url }) => {
    for (const head of CLOSED) assert.match(await raw(url, head), /^HTTP\/1.1 4\d\d .*\r\n\r\n$/s, head);
    for (const method of ["PUT", "POST", "DELETE"])
      assert.match(await raw(url, `${method} /summary`), /^HTTP\/1.1 405 /, method);
  }));

test("a directory by the name of a pack breaks the connection, not the server", () =>
  serving(directory(), async ({ url }) => {
    await raw(url, `GET /packs/${"a".repeat(64)}.pack`).catch(() => undefined);
    assert.is((await fetch(`${url}/summary`)).status, 200);
  }));

test("refuses a store that is not published, and an address that is taken", async () => {
  assert.is(await codeOf(() => serveStore(tempDir(), ANY)), "not-found");
  await serving(directory(), async ({ url }) => {
    const port = Number(new URL(url).port);
    assert.is(await codeOf(() => serveStore(directory(), { ...ANY, port })), "network");
  });
});
