/** Registries as they are: Debian's docker-registry, filled by skopeo; umoci says what the tree is. */
import { execFileSync, spawn } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import { createDurable } from "../../src/durable.ts";
import { AtomicError } from "../../src/errors.ts";
import { findImage, pullImage } from "../../src/oci/index.ts";
import { checkout, fsck, initRepo, loadTree, type Repo } from "../../src/ostree/index.ts";
import { type DockerRegistry, dockerRegistry, type RegistryOptions } from "../support/docker-registry.ts";
import { httpServer } from "../support/http-server.ts";
import { listing } from "../support/listing.ts";
import { unmet } from "../support/needs.ts";
import { skopeo, skopeoPeer } from "../support/skopeo.ts";
import { suite } from "../support/suite.ts";
import { tempDir } from "../support/temp.ts";
import { makeUmociImage, umoci, umociListing } from "../support/umoci-image.ts";

const test = suite(
  "interop/registry",
  unmet({ root: true, programs: ["docker-registry", "umoci", "openssl"] }) ?? skopeoPeer.missing,
);

const MAIN = resolve(import.meta.dirname, "../../src/main.ts");
const INDEX = "application/vnd.oci.image.index.v1+json";
const USER = "user:pass";
/** Of USER, by bcrypt. */
const HTPASSWD = "user:$2b$05$2tVMkU3fM1Ub4LUcaZ/IkO5anWw4IMwu.m2pQzRuVQTASkrAaFsrW";

let dir: string;
let image: string;
let expected: string[];
const registries: DockerRegistry[] = [];

test.before(() => {
  dir = tempDir();
  image = join(dir, "image");
  makeUmociImage(image, dir);
  expected = umociListing(`${image}:1`, dir);
});
test.after(() => registries.forEach((registry) => registry.close()));

async function start(options: RegistryOptions = {}): Promise<string> {
  const registry = await dockerRegistry(options);
  registries.push(registry);
  return registry.host;
}

/** Copies the image into a registry. */
function push(host: string, name: string, options: readonly string[] = [], from = `oci:${image}:1`): void {
  const insecure = options.some((option) => option.startsWith("--dest-cert-dir")) ? [] : ["--dest-tls-verify=false"];
  skopeo(["copy", "-q", "--insecure-policy", ...insecure, ...options, from, `docker://${host}/${name}`]);
}

function newRepo(): Repo {
  return initRepo(join(tempDir(), "repo"), createDurable());
}

/** Pulls with a configuration of its own: a home directory and variables. */
async function pull(repo: Repo, reference: string, env: Record<string, string>, insecure = false) {
  const before = Object.keys(env).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, env);
  try {
    return await pullImage(repo, { reference: `docker://${reference}`, insecure });
  } finally {
    for (const [name, value] of before)
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
  }
}

async function failure(work: Promise<unknown>): Promise<AtomicError> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.instance(error, AtomicError, String(error));
  return error as AtomicError;
}

/** Every file of the image, as umoci has it. */
function expectTree(repo: Repo, commit: Parameters<typeof loadTree>[1]): void {
  const destination = join(tempDir(), "tree");
  const root = loadTree(repo, commit);
  checkout(repo, { node: root, root, destination });
  assert.equal(listing(destination), expected);
  assert.equal(fsck(repo).defects, []);
}

const FORMS: { what: string; options: string[]; layers: string }[] = [
  { what: "OCI with gzip", options: ["--format", "oci"], layers: "application/vnd.oci.image.layer.v1.tar+gzip" },
  {
    what: "OCI with zstd",
    options: ["--format", "oci", "--dest-compress-format", "zstd"],
    layers: "application/vnd.oci.image.layer.v1.tar+zstd",
  },
  {
    what: "Docker's schema 2",
    options: ["--format", "v2s2"],
    layers: "application/vnd.docker.image.rootfs.diff.tar.gzip",
  },
];
for (const { what, options, layers } of FORMS) {
  test(`pulls an image in the form of ${what} as umoci unpacks it`, async () => {
    const host = await start();
    push(host, "team/app:1", options);
    const repo = newRepo();
    expectTree(repo, (await pull(repo, `${host}/team/app:1`, {}, true)).commit);
    const { manifest } = findImage(repo, `${host}/team/app:1`);
    assert.equal([...new Set(manifest.layers.map(({ mediaType }) => mediaType))], [layers]);
  });
}

test("finds the image for this machine in a list", async () => {
  const host = await start();
  umoci("config", "--image", `${image}:1`, "--tag", "other", "--architecture", "s390x");
  push(host, "team/app:own");
  push(host, "team/app:other", [], `oci:${image}:other`);
  const manifests = await Promise.all(
    (["own", "other"] as const).map(async (tag) => {
      const answer = await fetch(`http://${host}/v2/team/app/manifests/${tag}`, {
        headers: { accept: "application/vnd.oci.image.manifest.v1+json" },
      });
      const platform = { os: "linux", architecture: tag === "own" ? goArchitecture() : "s390x" };
      const size = (await answer.arrayBuffer()).byteLength;
      const [mediaType, digest] = ["content-type", "docker-content-digest"].map((name) => answer.headers.get(name));
      return { mediaType, digest, size, platform };
    }),
  );
  const body = JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: manifests.reverse() });
  const put = await fetch(`http://${host}/v2/team/app/manifests/1`, {
    method: "PUT",
    headers: { "content-type": INDEX },
    body,
  });
  assert.is(put.status, 201);
  const repo = newRepo();
  const pulled = await pull(repo, `${host}/team/app:1`, {}, true);
  assert.is(pulled.manifestDigest, manifests[1]?.digest);
  expectTree(repo, pulled.commit);
});

function goArchitecture(): string {
  return process.arch === "x64" ? "amd64" : process.arch;
}

/** An authority, and a certificate that it signed for 127.0.0.1 and one for a client; paths of PEM files. */
function certificates(): Record<"ca" | "server" | "serverKey" | "client" | "clientKey", string> {
  const at = join(tempDir(), "");
  const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: at, stdio: "pipe" });
  const ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  openssl("req", "-x509", ...ec, "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=authority", "-days", "2");
  for (const [name, extension] of [
    ["server", "subjectAltName=IP:127.0.0.1"],
    ["client", "extendedKeyUsage=clientAuth"],
  ] as const) {
    writeFileSync(join(at, `${name}.ext`), extension);
    openssl("req", ...ec, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${name}`);
    const signing = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", `${name}.ext`, "-days", "2"];
    openssl("x509", "-req", "-in", `${name}.csr`, ...signing, "-out", `${name}.crt`);
  }
  const path = (name: string) => join(at, name);
  return {
    ca: path("ca.crt"),
    server: path("server.crt"),
    serverKey: path("server.key"),
    client: path("client.crt"),
    clientKey: path("client.key"),
  };
}

test("trusts the authority, and shows the certificate, that certs.d has for a registry", async () => {
  const { ca, server, serverKey, client, clientKey } = certificates();
  const host = await start({ tls: { certificate: server, key: serverKey, clientCas: ca } });
  const home = tempDir();
  const certs = join(home, ".config/containers/certs.d", host);
  mkdirSync(certs, { recursive: true });
  copyFileSync(ca, join(certs, "authority.crt"));
  copyFileSync(client, join(certs, "client.cert"));
  copyFileSync(clientKey, join(certs, "client.key"));
  push(host, "team/app:1", [`--dest-cert-dir=${certs}`]);
  const repo = newRepo();
  const reference = `${host}/team/app:1`;
  assert.is((await failure(pull(repo, reference, { HOME: tempDir() }))).code, "untrusted");
  expectTree(repo, (await pull(repo, reference, { HOME: home })).commit);
  const lone = tempDir();
  mkdirSync(join(lone, ".config/containers/certs.d", host), { recursive: true });
  copyFileSync(ca, join(lone, ".config/containers/certs.d", host, "authority.crt"));
  assert.ok(["network", "untrusted"].includes((await failure(pull(repo, reference, { HOME: lone }))).code));
  copyFileSync(client, join(lone, ".config/containers/certs.d", host, "client.cert"));
  const { code, message } = await failure(pull(repo, reference, { HOME: lone }));
  assert.is(code, "invalid");
  assert.match(message, /expected both client.cert and client.key/);
});

test("logs in as auth.json says", async () => {
  const host = await start({ htpasswd: `${HTPASSWD}\n` });
  push(host, "team/app:1", ["--dest-creds", USER]);
  const file = join(tempDir(), "auth.json");
  const repo = newRepo();
  const reference = `${host}/team/app:1`;
  const write = (text: string) => {
    const auth = Buffer.from(text).toString("base64");
    writeFileSync(file, JSON.stringify({ auths: { [host]: { auth } } }));
  };
  write("user:wrong");
  const { code, hint } = await failure(pull(repo, reference, { REGISTRY_AUTH_FILE: file }, true));
  assert.equal([code, hint], ["permission", `podman login ${host}`]);
  write(USER);
  expectTree(repo, (await pull(repo, reference, { REGISTRY_AUTH_FILE: file }, true)).commit);
});

test("pulls from the mirror of registries.conf, and from the registry what the mirror lacks", async () => {
  const [mirror, registry] = [await start(), await start()];
  push(mirror, "copies/app:1");
  push(registry, "team/app:2");
  const conf = join(tempDir(), "registries.conf");
  const rule = `[[registry]]\nprefix = "reg.example/team"\nlocation = "${registry}/team"\ninsecure = true\n`;
  writeFileSync(conf, `${rule}[[registry.mirror]]\nlocation = "${mirror}/copies"\ninsecure = true\n`);
  const repo = newRepo();
  for (const tag of ["1", "2"]) {
    const pulled = await pull(repo, `reg.example/team/app:${tag}`, { CONTAINERS_REGISTRIES_CONF: conf });
    assert.is(pulled.name, `reg.example/team/app:${tag}`);
    expectTree(repo, pulled.commit);
  }
});

test("goes on inside a layer after a pull was killed", async () => {
  const host = await start();
  push(host, "team/app:1");
  let cutAfter = 3_000_000;
  const proxy = await httpServer((incoming, outgoing) => {
    const onwards = httpRequest(
      `http://${host}${incoming.url}`,
      { headers: { ...incoming.headers, host } },
      (answer) => {
        outgoing.writeHead(answer.statusCode!, answer.headers);
        let sent = 0;
        answer.on("data", (chunk: Buffer) => {
          // From here on nothing comes any more, and the connection stays.
          if (sent < cutAfter) outgoing.write(chunk.subarray(0, cutAfter - sent));
          sent += chunk.length;
        });
        answer.on("end", () => sent <= cutAfter && outgoing.end());
      },
    );
    onwards.end();
  });
  const repo = newRepo();
  const reference = `${proxy.url.replace("http://", "")}/team/app:1`;
  const argv = ["pull", "--insecure", "--repo", repo.path, `docker://${reference}`];
  const child = spawn(process.execPath, [MAIN, ...argv], { stdio: "ignore" });
  const downloads = join(repo.path, "download");
  const arrived = (): number => Math.max(0, ...filesIn(downloads).map((name) => statSync(join(downloads, name)).size));
  while (arrived() < cutAfter && child.exitCode === null) await sleep(20);
  child.kill("SIGKILL");
  await new Promise((done) => child.on("exit", done));
  assert.is(arrived(), cutAfter);
  [cutAfter, proxy.requests.length] = [Infinity, 0];
  expectTree(repo, (await pull(repo, reference, {}, true)).commit);
  const ranges = proxy.requests.flatMap(({ headers }) => headers.range ?? []);
  assert.ok(
    ranges.some((range) => range.startsWith("bytes=3000000-")),
    ranges.join(" "),
  );
  assert.equal(filesIn(downloads), []);
  proxy.close();
});

function filesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
