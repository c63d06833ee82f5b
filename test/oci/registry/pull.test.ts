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
import { withEnvironment } from "../../support/environment.ts";
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
  return withEnvironment({ REGISTRY_AUTH_FILE: file }, work);
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

/** Sends half of a blob, and no more of it however often it is asked. */
function half(request: IncomingMessage, response: ServerResponse, bytes: Buffer): void {
  const from = Number(/^bytes=([0-9]+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
  const range = { "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
  response.writeHead(from === 0 ? 200 : 206, { ...(from > 0 && range), "content-length": bytes.length - from });
  response.write(bytes.subarray(from, bytes.length / 2));
  response.flushHeaders();
}

function endless(response: ServerResponse): void {
  response.writeHead(200, { "content-length": 10 * 2 ** 30 });
  const more = (): void => void (response.destroyed || response.write(Buffer.alloc(100_000), () => setImmediate(more)));
  more();
}

const isBlob = (path: string): boolean => path.includes("/blobs/");
const isManifest = (path: string): boolean => path.includes("/manifests/");
/** The first layer is the one blob of more than a few hundred bytes. */
const isLayer = (path: string, bytes: Buffer): boolean => isBlob(path) && bytes.length > 10_000;

const HOSTILE: { what: string; meddle: Meddle; code: string; message: RegExp }[] = [
  {
    what: "sends another layer",
    meddle: (path, _, response, bytes) => isLayer(path, bytes) && (response.end(Buffer.from(bytes).fill(7)), true),
    code: "corrupt",
    message: /^pulling from 127[^ ]+: expected sha256:[0-9a-f]{64}, found sha256:[0-9a-f]{64}$/,
  },
  {
    what: "sends another configuration",
    meddle: (path, _, response) => isBlob(path) && (response.end("{}"), true),
    code: "corrupt",
    message: /^reading image docker:[^ ]+: sha256:([0-9a-f]{64}): expected sha256:\1, found sha256:[0-9a-f]{64}$/,
  },
  {
    what: "sends a manifest as an index",
    meddle: (path, _, response, bytes) =>
      isManifest(path) &&
      (response.writeHead(200, { "content-type": "application/vnd.oci.image.index.v1+json" }).end(bytes), true),
    code: "invalid",
    message: /image docker:/,
  },
  {
    what: "sends an endless manifest",
    meddle: (path, _, response) => isManifest(path) && (response.end(Buffer.alloc(6 << 20, 0x20)), true),
    code: "invalid",
    message: /manifests\/1: expected at most [0-9]+ bytes, found/,
  },
  {
    what: "sends a page for people",
    meddle: (_, __, response) => (response.writeHead(200, { "content-type": "text/html" }).end("<html>"), true),
    code: "invalid",
    message: /image docker:/,
  },
  {
    what: "wants a token from a file",
    meddle: (_, __, response) => (
      response.writeHead(401, { "www-authenticate": 'Bearer realm="file:///etc/passwd"' }).end(),
      true
    ),
    code: "invalid",
    message: /tokens are to come from file:\/\/\/etc\/passwd, which is not secure$/,
  },
  {
    what: "cuts a layer short",
    meddle: (path, request, response, bytes) =>
      isLayer(path, bytes) && (half(request, response, bytes), setTimeout(() => response.destroy(), 5), true),
    code: "network",
    message: /^fetching http:[^ ]+\/blobs\/sha256:[0-9a-f]{64}(, after 0 bytes)?: (aborted|socket hang up)$/,
  },
  {
    what: "has less of a layer than the manifest says",
    meddle: (path, _, response, bytes) => isLayer(path, bytes) && (response.end(bytes.subarray(0, 1000)), true),
    code: "network",
    message: /^pulling sha256:[0-9a-f]{64}: expected [0-9]+ bytes, found 1000$/,
  },
  {
    what: "stalls in a layer",
    meddle: (path, request, response, bytes) => isLayer(path, bytes) && (half(request, response, bytes), true),
    code: "network",
    message:
      /^fetching http:[^ ]+\/blobs\/sha256:[0-9a-f]{64}(, after 0 bytes: nothing came for|: no answer within) 0.5 s$/,
  },
  {
    what: "never answers for a layer",
    meddle: (path, _, __, bytes) => isLayer(path, bytes),
    code: "network",
    message: /^fetching http:[^ ]+\/blobs\/sha256:[0-9a-f]{64}: no answer within 0.5 s$/,
  },
  {
    what: "stalls in the manifest",
    meddle: (path, request, response, bytes) => isManifest(path) && (half(request, response, bytes), true),
    code: "network",
    message: /^fetching http:[^ ]+\/manifests\/1, after [0-9]+ bytes: nothing came for 0.5 s$/,
  },
  {
    what: "sends ten gigabytes in place of a layer",
    meddle: (path, _, response, bytes) => isLayer(path, bytes) && (endless(response), true),
    code: "corrupt",
    message: /^pulling from 127[^ ]+: expected sha256:[0-9a-f]{64}, found sha256:[0-9a-f]{64}$/,
  },
  {
    what: "sends ten gigabytes in place of the configuration",
    meddle: (path, _, response) => isBlob(path) && (endless(response), true),
    code: "invalid",
    message: /\/blobs\/sha256:[0-9a-f]{64}: expected at most [0-9]+ bytes, found 10737418240$/,
  },
  {
    what: "redirects layers in circles",
    meddle: (path, _, response, bytes) =>
      isLayer(path, bytes) && (response.writeHead(307, { location: path }).end(), true),
    code: "invalid",
    message: /\/blobs\/sha256:[0-9a-f]{64}: more than 5 redirects$/,
  },
  {
    what: "has lost a layer",
    meddle: (path, _, response, bytes) => isLayer(path, bytes) && (response.writeHead(404).end(), true),
    code: "not-found",
    message: /^pulling sha256:[0-9a-f]{64} from 127[^ ]+\/team\/app: http:[^ ]+ answered 404$/,
  },
];

for (const { what, meddle, code, message } of HOSTILE) {
  test(`refuses a registry that ${what}, and an honest one completes`, async () => {
    const fixture = setUp();
    let honest = false;
    const server = await registry(fixture, (...about) => !honest && meddle(...about));
    const pull = () => pullImage(fixture.repo, { reference: reference(server), insecure: true });
    try {
      const limits = /[0-9.]+ s[$]/.test(message.source) ? { ATOMIC_HTTP_TIMEOUT: "0.5" } : {};
      const error = await withEnvironment(limits, () => failure(pull()));
      assert.is(error.code, code, error.message);
      assert.match(error.message, message, error.message);
      assert.equal(listImages(fixture.repo), []);
      assert.equal(fsck(fixture.repo).defects, []);
      honest = true;
      assert.ok((await pull()).changed);
      assert.equal(fsck(fixture.repo).defects, []);
      assert.equal(readdirSync(join(fixture.repo.path, "download")), []);
    } finally {
      server.close();
    }
  });
}

test("refuses a gzip bomb from a registry, and keeps nothing of it", async () => {
  const dir = tempDir();
  const written = writeLayout(join(dir, "layout"), { layers: [[{ name: "zeros", content: Buffer.alloc(300 << 20) }]] });
  const fixture = { repo: initRepo(join(dir, "repo"), createDurable()), written, layout: join(dir, "layout") };
  const server = await registry(fixture);
  const error = await failure(pullImage(fixture.repo, { reference: reference(server), insecure: true }));
  server.close();
  assert.is(error.code, "invalid");
  assert.match(error.message, /^unpacking layer sha256:[0-9a-f]{64}: [0-9]+ bytes unpack to more than 268435456$/);
  assert.equal(listImages(fixture.repo), []);
  const { defects, objects } = fsck(fixture.repo);
  assert.equal([defects, objects], [[], 0]);
});

test("a layer that is lost ends the download of the others", async () => {
  const fixture = setUp();
  let stalled = 0;
  const server = await registry(fixture, (path, request, response, bytes) => {
    if (isLayer(path, bytes)) {
      stalled += 1;
      half(request, response, bytes);
      return true;
    }
    if (!path.endsWith(fixture.written.layers[1]!)) return false;
    response.writeHead(404).end();
    return true;
  });
  const error = await withEnvironment({ ATOMIC_HTTP_TIMEOUT: "0.5" }, () =>
    failure(pullImage(fixture.repo, { reference: reference(server), insecure: true })),
  );
  server.close();
  assert.is(error.code, "not-found");
  assert.is(stalled, 1);
});
