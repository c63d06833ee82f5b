import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { createDurable } from "../../../src/durable.ts";
import { AtomicError } from "../../../src/errors.ts";
import { digestHex } from "../../../src/oci/digest.ts";
import { listImages, pullImage } from "../../../src/oci/index.ts";
import { fsck, initRepo, type Repo } from "../../../src/ostree/index.ts";
import { httpServer, type TestServer } from "../../support/http-server.ts";
import { suite } from "../../support/suite.ts";
import { tempDir } from "../../support/temp.ts";
import { writeLayout, type Written } from "../layout-builder.ts";

const test = suite("oci/registry/pull");

const CONTENT = randomBytes(40_000);

interface Fixture {
  repo: Repo;
  written: Written;
  layout: string;
}

function setUp(): Fixture {
  const dir = tempDir();
  const layout = join(dir, "layout");
  const written = writeLayout(layout, { layers: [[{ name: "a", content: CONTENT }], [{ name: "b", content: "b" }]] });
  return { repo: initRepo(join(dir, "repo"), createDurable()), written, layout };
}

/** What a handler may do in place of the plain answer. */
type Meddle = (path: string, request: IncomingMessage, response: ServerResponse, bytes: Buffer) => boolean;

/** Serves a layout as the repository `team/app`, tag 1. */
async function registry({ written, layout }: Fixture, meddle: Meddle = () => false): Promise<TestServer> {
  return httpServer((request, response) => {
    const path = request.url ?? "";
    const [, kind, name] = /^\/v2\/team\/app\/(manifests|blobs)\/(.*)$/.exec(path) ?? [];
    const digest = name === "1" ? written.manifest : (name ?? "");
    const file = join(layout, "blobs/sha256", digest.replace("sha256:", ""));
    const bytes = kind !== undefined && existsSync(file) ? readFileSync(file) : Buffer.alloc(0);
    if (meddle(path, request, response, bytes)) return;
    if (bytes.length === 0) return void response.writeHead(404).end();
    if (kind === "manifests") response.setHeader("content-type", "application/vnd.oci.image.manifest.v1+json");
    const range = /^bytes=([0-9]+)-/.exec(request.headers.range ?? "");
    const from = Number(range?.[1] ?? 0);
    if (from > 0) {
      response.writeHead(206, { "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` });
      return void response.end(bytes.subarray(from));
    }
    response.writeHead(200, { "content-length": bytes.length }).end(bytes);
  });
}

function reference({ url }: TestServer): string {
  return `docker://${url.replace("http://", "")}/team/app:1`;
}

async function failure(work: Promise<unknown>): Promise<AtomicError> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.instance(error, AtomicError, String(error));
  return error as AtomicError;
}

/** Runs `work` with credentials of its own. */
async function withAuth<T>(auths: object, work: () => Promise<T>): Promise<T> {
  const file = join(tempDir(), "auth.json");
  writeFileSync(file, JSON.stringify(auths));
  process.env["REGISTRY_AUTH_FILE"] = file;
  try {
    return await work();
  } finally {
    delete process.env["REGISTRY_AUTH_FILE"];
  }
}

test("pulls from an insecure registry, and leaves no download behind", async () => {
  const fixture = setUp();
  const server = await registry(fixture);
  const pulled = await pullImage(fixture.repo, { reference: reference(server), insecure: true });
  assert.is(pulled.name, `${server.url.replace("http://", "")}/team/app:1`);
  assert.is(pulled.manifestDigest, fixture.written.manifest);
  assert.equal(readdirSync(join(fixture.repo.path, "download")), []);
  assert.equal(fsck(fixture.repo).defects, []);
  server.requests.length = 0;
  assert.not((await pullImage(fixture.repo, { reference: reference(server), insecure: true })).changed);
  assert.is(server.requests.length, 1);
  server.close();
});

test("sends no plain HTTP to a registry that is not insecure", async () => {
  const fixture = setUp();
  const server = await registry(fixture);
  assert.is((await failure(pullImage(fixture.repo, { reference: reference(server) }))).code, "network");
  assert.is(server.requests.length, 0);
  server.close();
});

test("fetches a token with its credentials, and a second request is let in", async () => {
  const fixture = setUp();
  const basic = `Basic ${Buffer.from("user:pass").toString("base64")}`;
  const server = await registry(fixture, (path, request, response) => {
    const { authorization, host } = request.headers;
    if (path.startsWith("/token")) {
      const isKnown = authorization === basic && path === "/token?service=reg&scope=repository%3Ateam%2Fapp%3Apull";
      response.writeHead(isKnown ? 200 : 401).end(JSON.stringify({ token: "T" }));
      return true;
    }
    if (authorization === "Bearer T") return false;
    const realm = `Bearer realm="http://${host}/token",service="reg",scope="repository:team/app:pull"`;
    response.writeHead(401, { "www-authenticate": realm }).end();
    return true;
  });
  const host = server.url.replace("http://", "");
  const auths = { auths: { [`${host}/team`]: { auth: Buffer.from("user:pass").toString("base64") } } };
  await withAuth(auths, () => pullImage(fixture.repo, { reference: reference(server), insecure: true }));
  const denied = await withAuth({}, () =>
    failure(pullImage(fixture.repo, { reference: `${reference(server)}`, insecure: true })),
  );
  assert.is(denied.code, "permission");
  assert.is(denied.hint, `podman login ${host}`);
  server.close();
});

test("sends a password to a registry that asks for one", async () => {
  const fixture = setUp();
  const server = await registry(fixture, (_, request, response) => {
    if (request.headers.authorization !== undefined) return false;
    response.writeHead(401, { "www-authenticate": 'Basic realm="x"' }).end();
    return true;
  });
  const auths = { auths: { [server.url.replace("http://", "")]: { auth: Buffer.from("u:p").toString("base64") } } };
  assert.ok(
    (await withAuth(auths, () => pullImage(fixture.repo, { reference: reference(server), insecure: true }))).changed,
  );
  server.close();
});

test("goes on where an earlier pull was cut off", async () => {
  const fixture = setUp();
  const [digest] = fixture.written.layers;
  const blob = readFileSync(join(fixture.layout, "blobs/sha256", digestHex(digest!)));
  mkdirSync(join(fixture.repo.path, "download"));
  writeFileSync(join(fixture.repo.path, "download", digestHex(digest!)), blob.subarray(0, 10_000));
  const server = await registry(fixture);
  await pullImage(fixture.repo, { reference: reference(server), insecure: true });
  const request = server.requests.find(({ path }) => path.endsWith(digest!));
  assert.is(request?.headers.range, `bytes=10000-${blob.length - 1}`);
  server.close();
});

test("starts anew where what was there is damaged", async () => {
  const fixture = setUp();
  const [digest] = fixture.written.layers;
  mkdirSync(join(fixture.repo.path, "download"));
  writeFileSync(join(fixture.repo.path, "download", digestHex(digest!)), Buffer.alloc(10_000, 1));
  const server = await registry(fixture);
  const first = await failure(pullImage(fixture.repo, { reference: reference(server), insecure: true }));
  assert.is(first.code, "corrupt");
  assert.ok((await pullImage(fixture.repo, { reference: reference(server), insecure: true })).changed);
  server.close();
});

const HOSTILE: { what: string; meddle: Meddle; code: string }[] = [
  {
    what: "sends another layer",
    meddle: (path, _, response, bytes) => path.includes("/blobs/") && (response.end(Buffer.from(bytes).fill(7)), true),
    code: "corrupt",
  },
  {
    what: "sends another configuration",
    meddle: (path, _, response) => path.includes("/blobs/") && (response.end("{}"), true),
    code: "corrupt",
  },
  {
    what: "sends a manifest as an index",
    meddle: (path, _, response, bytes) =>
      path.includes("/manifests/") &&
      (response.writeHead(200, { "content-type": "application/vnd.oci.image.index.v1+json" }).end(bytes), true),
    code: "invalid",
  },
  {
    what: "sends an endless manifest",
    meddle: (path, _, response) => path.includes("/manifests/") && (response.end(Buffer.alloc(6 << 20, 0x20)), true),
    code: "invalid",
  },
  {
    what: "sends a page for people",
    meddle: (_, __, response) => (response.writeHead(200, { "content-type": "text/html" }).end("<html>"), true),
    code: "invalid",
  },
  {
    what: "wants a token from a file",
    meddle: (_, __, response) => (
      response.writeHead(401, { "www-authenticate": 'Bearer realm="file:///etc/passwd"' }).end(),
      true
    ),
    code: "invalid",
  },
];

for (const { what, meddle, code } of HOSTILE) {
  test(`refuses a registry that ${what}`, async () => {
    const fixture = setUp();
    const server = await registry(fixture, meddle);
    assert.is((await failure(pullImage(fixture.repo, { reference: reference(server), insecure: true }))).code, code);
    assert.equal(listImages(fixture.repo), []);
    server.close();
  });
}
