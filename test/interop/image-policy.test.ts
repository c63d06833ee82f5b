/** Policies for images: skopeo makes the signatures, and is asked the same questions as we are. */
import { createReadStream, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { createDurable } from "../../src/durable.ts";
import { deploy, hostStatus, upgrade, verifyHost } from "../../src/deploy/index.ts";
import { isAtomicError } from "../../src/errors.ts";
import { pullImage } from "../../src/oci/index.ts";
import { initRepo } from "../../src/ostree/index.ts";
import { codeOf, makeHost } from "../deploy/host-fixture.ts";
import { writeLayout } from "../oci/layout-builder.ts";
import { type DockerRegistry, dockerRegistry } from "../support/docker-registry.ts";
import { type GpgKey, gpgKey } from "../support/gpg-key.ts";
import { httpServer, type TestServer } from "../support/http-server.ts";
import { unmet } from "../support/needs.ts";
import { skopeo, skopeoAgrees, skopeoPeer } from "../support/skopeo.ts";
import { suite } from "../support/suite.ts";
import { tempDir } from "../support/temp.ts";

const test = suite(
  "interop/image-policy",
  unmet({ programs: ["docker-registry", "gpg", "gpgv"] }) ?? skopeoPeer.missing,
);

interface Place {
  registry: DockerRegistry;
  /** Serves the lookaside of `team/web`. */
  web: TestServer;
  home: string;
  friend: GpgKey;
  dir: string;
  /** Of every image's manifest. */
  digest: string;
}
let place: Place;
/** Copies an image into the registry. */
let copy: (from: string, to: string, more?: string[]) => void;

/** In the policies below. */
const FRIEND = "FRIEND_KEYRING";
const STRANGER = "STRANGER_KEYRING";
const SIGSTORE = "SIGSTORE_KEY";
const OTHER = "OTHER_KEY";
const HOST = "REGISTRY_HOST";

test.before(async () => {
  const dir = tempDir();
  const registry = await dockerRegistry();
  const [friend, stranger] = [gpgKey("friend"), gpgKey("stranger")];
  const home = join(dir, "home");
  const lookaside = join(dir, "lookaside");
  mkdirSync(join(home, ".config/containers/registries.d"), { recursive: true });
  const web = await httpServer((request, response) => {
    const file = createReadStream(join(lookaside, decodeURIComponent(request.url!)));
    file.on("error", () => response.writeHead(404).end()).pipe(response);
  });
  const config = {
    "default-docker": { lookaside: `file://${lookaside}`, "use-sigstore-attachments": true },
    docker: {
      [`${registry.host}/team/web`]: { lookaside: web.url, "lookaside-staging": `file://${lookaside}` },
      [`${registry.host}/team/off`]: { "use-sigstore-attachments": false },
    },
  };
  writeFileSync(join(home, ".config/containers/registries.d/test.yaml"), JSON.stringify(config));
  writeFileSync(join(dir, FRIEND), friend.armored);
  writeFileSync(join(dir, STRANGER), stranger.armored);
  writeFileSync(join(dir, "passphrase"), "secret");
  for (const name of [SIGSTORE, OTHER])
    skopeo(["generate-sigstore-key", "--output-prefix", join(dir, name), "--passphrase-file", join(dir, "passphrase")]);
  const layout = join(dir, "layout");
  const { manifest: digest } = writeLayout(layout, { layers: [[{ name: "a", content: "a" }]], tag: "1" });
  place = { registry, web, home, friend, dir, digest };
  writePolicy({ default: [{ type: "insecureAcceptAnything" }] });
  const key = ["--sign-by-sigstore-private-key", `${join(dir, SIGSTORE)}.private`];
  const passphrase = ["--sign-passphrase-file", join(dir, "passphrase")];
  const signs = { gpg: ["--sign-by", friend.id], sigstore: [...key, ...passphrase] };
  copy = (from, to, more = []) =>
    skopeo(
      [
        "copy",
        "-q",
        "--src-tls-verify=false",
        "--dest-tls-verify=false",
        ...more,
        from,
        `docker://${registry.host}/${to}`,
      ],
      { HOME: home, GNUPGHOME: friend.home },
    );
  copy(`oci:${layout}:1`, "team/gpg:1", signs.gpg);
  copy(`oci:${layout}:1`, "team/web:1", signs.gpg);
  copy(`oci:${layout}:1`, "team/sigstore:1", signs.sigstore);
  copy(`oci:${layout}:1`, "team/plain:1");
  copy(`docker://${registry.host}/team/sigstore:1`, "team/copied:1");
  copy(`docker://${registry.host}/team/gpg:1`, "team/copied:1");
  copy(`oci:${layout}:1`, "team/named:1", [...signs.sigstore, "--sign-identity", "vendor.example/app:7"]);
});
test.after(() => {
  place.registry.close();
  place.web.close();
});

function writePolicy(policy: object): void {
  const text = JSON.stringify(policy)
    .replaceAll(HOST, place.registry.host)
    .replaceAll(SIGSTORE, join(place.dir, `${SIGSTORE}.pub`))
    .replaceAll(OTHER, join(place.dir, `${OTHER}.pub`))
    .replaceAll(FRIEND, join(place.dir, FRIEND))
    .replaceAll(STRANGER, join(place.dir, STRANGER));
  writeFileSync(join(place.home, ".config/containers/policy.json"), text);
}

/** Runs `work` with the policy. */
async function atHome<T>(work: () => Promise<T>): Promise<T> {
  const before = process.env["HOME"];
  process.env["HOME"] = place.home;
  try {
    return await work();
  } finally {
    process.env["HOME"] = before;
  }
}

/** Who vouches for an image, by our judgement; undefined when it is refused. */
async function ours(name: string): Promise<string | undefined> {
  const repo = initRepo(join(tempDir(), "repo"), createDurable());
  try {
    return (await atHome(() => pullImage(repo, { reference: `docker://${name}`, insecure: true }))).signature;
  } catch (error) {
    if (isAtomicError(error, "untrusted") || isAtomicError(error, "invalid")) return undefined;
    throw error;
  }
}

function theirs(name: string): Promise<boolean> {
  const args = ["copy", "-q", "--src-tls-verify=false", "--remove-signatures", `docker://${name}`];
  return skopeoAgrees([...args, `dir:${join(tempDir(), "copy")}`], { HOME: place.home });
}

const gpg = (more: object = {}) => [{ type: "signedBy", keyType: "GPGKeys", keyPath: FRIEND, ...more }];
const sigstore = (more: object = {}) => [{ type: "sigstoreSigned", keyPath: SIGSTORE, ...more }];
const identity = (type: string, more: object = {}) => ({ signedIdentity: { type, ...more } });
const ANY = [{ type: "insecureAcceptAnything" }];
const NONE = [{ type: "reject" }];
const byHost = (requirement: object[]) => ({ default: NONE, transports: { docker: { [HOST]: requirement } } });

const POLICIES: { what: string; policy: object; accepted: string[] }[] = [
  { what: "anything", policy: { default: ANY }, accepted: ["gpg", "web", "sigstore", "plain", "copied", "named"] },
  { what: "nothing", policy: { default: NONE }, accepted: [] },
  {
    what: "one tag of a repository",
    policy: { default: NONE, transports: { docker: { [`${HOST}/team/plain:1`]: ANY, [`${HOST}/team/gpg:2`]: ANY } } },
    accepted: ["plain"],
  },
  {
    what: "all but one repository",
    policy: { default: ANY, transports: { docker: { "": NONE, [`${HOST}/team`]: ANY, [`${HOST}/team/gpg`]: NONE } } },
    accepted: ["web", "sigstore", "plain", "copied", "named"],
  },
  { what: "scopes of another transport", policy: { default: NONE, transports: { oci: { "": ANY } } }, accepted: [] },
  { what: "a friend's OpenPGP key", policy: byHost(gpg()), accepted: ["gpg", "web"] },
  {
    what: "one of two OpenPGP keys",
    policy: byHost([{ type: "signedBy", keyType: "GPGKeys", keyPaths: [STRANGER, FRIEND] }]),
    accepted: ["gpg", "web"],
  },
  { what: "a stranger's OpenPGP key", policy: byHost(gpg({ keyPath: STRANGER })), accepted: [] },
  {
    what: "an OpenPGP key, in any repository of the host",
    policy: byHost(gpg(identity("matchRepository"))),
    accepted: ["gpg", "web"],
  },
  {
    what: "an OpenPGP key and a name it signed",
    policy: byHost(gpg(identity("exactReference", { dockerReference: `${HOST}/team/gpg:1` }))),
    accepted: ["gpg", "copied"],
  },
  {
    what: "an OpenPGP key and a name it did not sign",
    policy: byHost(gpg(identity("exactReference", { dockerReference: `${HOST}/team/gpg:2` }))),
    accepted: [],
  },
  {
    what: "an OpenPGP key and a repository",
    policy: byHost(gpg(identity("exactRepository", { dockerRepository: `${HOST}/team/gpg` }))),
    accepted: ["gpg", "copied"],
  },
  {
    what: "an OpenPGP key under a remapped name",
    policy: byHost(gpg(identity("remapIdentity", { prefix: `${HOST}/team/copied`, signedPrefix: `${HOST}/team/gpg` }))),
    accepted: ["gpg", "web", "copied"],
  },
  { what: "a sigstore key", policy: byHost(sigstore()), accepted: ["sigstore"] },
  { what: "another sigstore key", policy: byHost(sigstore({ keyPath: OTHER })), accepted: [] },
  {
    what: "one of two sigstore keys",
    policy: byHost([{ type: "sigstoreSigned", keyPaths: [OTHER, SIGSTORE] }]),
    accepted: ["sigstore"],
  },
  { what: "a sigstore key by exact name", policy: byHost(sigstore(identity("matchExact"))), accepted: ["sigstore"] },
  {
    what: "a sigstore key and a vendor's name",
    policy: byHost(sigstore(identity("exactReference", { dockerReference: "vendor.example/app:7" }))),
    accepted: ["named"],
  },
  {
    what: "a sigstore key and a vendor's repository",
    policy: byHost(sigstore(identity("exactRepository", { dockerRepository: "vendor.example/app" }))),
    accepted: ["named"],
  },
  {
    what: "both kinds of signature",
    policy: byHost([
      ...gpg(identity("exactRepository", { dockerRepository: `${HOST}/team/gpg` })),
      ...sigstore(identity("exactRepository", { dockerRepository: `${HOST}/team/sigstore` })),
    ]),
    accepted: ["copied"],
  },
  { what: "keys that are not there", policy: byHost(gpg({ keyPath: "/nonexistent" })), accepted: [] },
  { what: "a type nobody knows", policy: { default: [{ type: "whatever" }] }, accepted: [] },
  { what: "a key nobody knows", policy: { default: [{ type: "insecureAcceptAnything", also: 1 }] }, accepted: [] },
];
const IMAGES = ["gpg", "web", "sigstore", "plain", "copied", "named"];

for (const { what, policy, accepted } of POLICIES) {
  test(`decides as skopeo does where a policy accepts ${what}`, async () => {
    writePolicy(policy);
    const found = { ours: [] as string[], theirs: [] as string[] };
    for (const image of IMAGES) {
      const name = `${place.registry.host}/team/${image}:1`;
      if ((await ours(name)) !== undefined) found.ours.push(image);
      if (await theirs(name)) found.theirs.push(image);
    }
    assert.equal(found, { ours: accepted, theirs: accepted });
  });
}

test("decides as skopeo does about an image by its digest", async () => {
  const name = (image: string) => `${place.registry.host}/team/${image}@${place.digest}`;
  writePolicy(byHost(gpg()));
  assert.equal([await ours(name("gpg")), await theirs(name("gpg"))], [`OpenPGP ${place.friend.id}`, true]);
  assert.equal([await ours(name("copied")), await theirs(name("copied"))], [undefined, false]);
  writePolicy(byHost(gpg(identity("matchExact"))));
  assert.equal([await ours(name("gpg")), await theirs(name("gpg"))], [undefined, false]);
});

test("says which OpenPGP key vouches", async () => {
  writePolicy(byHost(gpg()));
  assert.is(await ours(`${place.registry.host}/team/gpg:1`), `OpenPGP ${place.friend.id}`);
});

const needsRoot = test.needs({ root: true });
needsRoot("a host follows an image while its key signs it, and says who does", async () => {
  writePolicy({ default: NONE, transports: { docker: { [HOST]: gpg() }, oci: { "": ANY } } });
  const layout = join(place.dir, "host");
  const publish = (version: string, more: string[] = []) => {
    const run = { Labels: { "org.opencontainers.image.version": version } };
    const kernel = ["vmlinuz", "initramfs.img"].map((name) => ({ name: `usr/lib/modules/6.1/${name}`, content: name }));
    const created = `2026-01-0${version}T00:00:00Z`;
    writeLayout(layout, { layers: [[...kernel, { name: "usr/version", content: version }]], created, run });
    copy(`oci:${layout}`, "team/host:1", more);
  };
  const conf = join(place.dir, "registries.conf");
  writeFileSync(conf, `[[registry]]\nlocation = "${place.registry.host}"\ninsecure = true\n`);
  process.env["CONTAINERS_REGISTRIES_CONF"] = conf;
  const host = await makeHost();
  try {
    publish("1", ["--sign-by", place.friend.id]);
    await atHome(() => deploy(host.sysroot, { spec: `docker://${place.registry.host}/team/host:1` }));
    publish("2");
    assert.is(await codeOf(() => atHome(() => upgrade(host.sysroot))), "untrusted");
    publish("3", ["--sign-by", place.friend.id]);
    await atHome(() => upgrade(host.sysroot));
    const { deployments } = hostStatus(host.sysroot);
    const who = `OpenPGP ${place.friend.id}`;
    const found = deployments.map(({ version, signature }) => `${version} ${signature}`);
    assert.equal(found, [`3 ${who}`, `1 ${who}`]);
    assert.equal(new Set(verifyHost(host.sysroot).signatures.map(({ signature }) => signature)), new Set([who]));
  } finally {
    delete process.env["CONTAINERS_REGISTRIES_CONF"];
    host.remove();
  }
});
