import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as assert from "uvu/assert";
import { createDurable } from "../../../src/durable.ts";
import { AtomicError } from "../../../src/errors.ts";
import { digestHex } from "../../../src/oci/digest.ts";
import { listImages, pullImage } from "../../../src/oci/index.ts";
import { initRepo, type Repo } from "../../../src/ostree/index.ts";
import { suite } from "../../support/suite.ts";
import { tempDir } from "../../support/temp.ts";
import { writeLayout, type Written } from "../layout-builder.ts";
import { type FakeRegistry, fakeRegistry } from "../registry-builder.ts";

const test = suite("oci/policy/accept-image");

const EC = generateKeyPairSync("ec", { namedCurve: "P-256" });
const PAYLOAD = "application/vnd.dev.cosign.simplesigning.v1+json";
const ARTIFACT = "application/vnd.dev.cosign.artifact.sig.v1+json";
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const INDEX = "application/vnd.oci.image.index.v1+json";
const REPOSITORY = { type: "matchRepository" };

interface Place {
  repo: Repo;
  layout: string;
  written: Written;
  home: string;
  registry: FakeRegistry;
}

async function setUp(image: { others?: string[] } = {}): Promise<Place> {
  const dir = tempDir();
  const layout = join(dir, "layout");
  const written = writeLayout(layout, { layers: [[{ name: "a", content: "a" }]], tag: "1", ...image });
  const registry = await fakeRegistry(layout, written);
  return { repo: initRepo(join(dir, "repo"), createDurable()), layout, written, home: join(dir, "home"), registry };
}

interface Made {
  key?: KeyObject;
  digest?: string;
  name?: string;
  type?: string;
  more?: object;
}

/** A manifest that holds one signature. */
function signature({ written, registry }: Place, made: Made = {}): object {
  const payload = Buffer.from(
    JSON.stringify({
      critical: {
        identity: { "docker-reference": made.name ?? registry.name },
        image: { "docker-manifest-digest": made.digest ?? written.manifest },
        type: made.type ?? "cosign container image signature",
        ...made.more,
      },
      optional: null,
    }),
  );
  const { key = EC.privateKey } = made;
  const bytes = sign(key.asymmetricKeyType === "ed25519" ? null : "sha256", payload, key);
  const annotations = { "dev.cosignproject.cosign/signature": bytes.toString("base64") };
  return {
    schemaVersion: 2,
    config: registry.put({}, "application/vnd.oci.image.config.v1+json"),
    layers: [{ ...registry.put(payload, PAYLOAD), annotations }],
  };
}

function signAsTag(place: Place, made: Made = {}): void {
  const digest = (made.digest ?? place.written.manifest) as Written["manifest"];
  place.registry.put(signature(place, made), MANIFEST, `sha256-${digestHex(digest)}.sig`);
}

function keyData(key: KeyObject): string {
  return Buffer.from(key.export({ format: "pem", type: "spki" })).toString("base64");
}

function signed(key: KeyObject = EC.publicKey, signedIdentity: object = REPOSITORY): object[] {
  return [{ type: "sigstoreSigned", keyData: keyData(key), signedIdentity }];
}

/** Pulls under a policy of its own. */
async function pull(place: Place, policy: object, reference = `docker://${place.registry.name}:1`) {
  const directory = join(place.home, ".config/containers");
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "policy.json"), JSON.stringify(policy));
  const before = process.env["HOME"];
  process.env["HOME"] = place.home;
  try {
    return await pullImage(place.repo, { reference, insecure: true });
  } finally {
    process.env["HOME"] = before;
    place.registry.close();
  }
}

async function refused(place: Place, policy: object, reference?: string): Promise<AtomicError> {
  const error: unknown = await pull(place, policy, reference).catch((thrown: unknown) => thrown);
  assert.instance(error, AtomicError, String(error));
  assert.equal(listImages(place.repo), []);
  return error as AtomicError;
}

const KEYS = {
  "an EC key": EC,
  "an RSA key": generateKeyPairSync("rsa", { modulusLength: 2048 }),
  "an ed25519 key": generateKeyPairSync("ed25519"),
};
for (const [what, { publicKey, privateKey }] of Object.entries(KEYS)) {
  test(`accepts what ${what} of the policy signed, and says who`, async () => {
    const place = await setUp();
    signAsTag(place, { key: privateKey });
    const { signature: who } = await pull(place, { default: signed(publicKey) });
    assert.match(who, /^sigstore [0-9a-f]{16}$/);
  });
}

test("accepts a signature among the referrers", async () => {
  const place = await setUp();
  const manifest = place.registry.put(signature(place), MANIFEST);
  place.registry.referrers.set(place.written.manifest, {
    schemaVersion: 2,
    manifests: [
      { ...place.registry.put({}, MANIFEST), artifactType: "application/spdx+json" },
      { ...manifest, artifactType: ARTIFACT },
    ],
  });
  assert.match((await pull(place, { default: signed() })).signature, /^sigstore /);
});

test("accepts a signature of the index that led to the image", async () => {
  const place = await setUp({ others: ["arm64"] });
  const layout = JSON.parse(readFileSync(join(place.layout, "index.json"), "utf8")) as {
    manifests: { digest: string }[];
  };
  const index = layout.manifests[0]!.digest;
  place.registry.put(readFileSync(join(place.layout, "blobs/sha256", index.replace("sha256:", ""))), INDEX);
  signAsTag(place, { digest: index });
  const reference = `docker://${place.registry.name}@${index}`;
  assert.match((await pull(place, { default: signed() }, reference)).signature, /^sigstore /);
});

test("accepts what nobody signed where the policy says so", async () => {
  const place = await setUp();
  assert.is((await pull(place, { default: [{ type: "insecureAcceptAnything" }] })).signature, "unsigned");
});

const OTHER = generateKeyPairSync("ec", { namedCurve: "P-256" });
const REFUSED: { what: string; made?: Made | "none"; policy?: object[]; message: RegExp }[] = [
  { what: "the policy rejects", policy: [{ type: "reject" }], message: /rejected/ },
  { what: "nobody signed", made: "none", message: /not signed/ },
  { what: "another key signed", made: { key: OTHER.privateKey }, message: /no key of the policy/ },
  { what: "was signed under another name", made: { name: "x.example/team/app" }, message: /"x.example\/team\/app"/ },
  {
    what: "was signed for another purpose",
    made: { type: "atomic container signature" },
    message: /expected type cosign container image signature/,
  },
  { what: "has a signature with more in it", made: { more: { also: 1 } }, message: /"also" is unknown/ },
  {
    what: "cosign signed without a tag, where the policy asks for one",
    policy: signed(EC.publicKey, { type: "matchRepoDigestOrExact" }),
    message: /signature is for/,
  },
  {
    what: "would need Fulcio",
    policy: [{ type: "sigstoreSigned", fulcio: {}, rekorPublicKeyPath: "/k" }],
    message: /cannot check/,
  },
  {
    what: "fulfils only one of two requirements",
    policy: [...signed(), ...signed(OTHER.publicKey)],
    message: /no key of the policy/,
  },
  {
    what: "has a policy whose key is missing",
    policy: [{ type: "sigstoreSigned", keyPath: "/nonexistent/key" }],
    message: /reading the policy's key \/nonexistent\/key/,
  },
  {
    what: "has a policy whose key is none",
    policy: [{ type: "sigstoreSigned", keyData: "aGVsbG8=" }],
    message: /not a public key/,
  },
];

for (const { what, made = {}, policy = signed(), message } of REFUSED) {
  test(`refuses an image that ${what}, and stores no name`, async () => {
    const place = await setUp();
    if (made !== "none") signAsTag(place, made);
    const error = await refused(place, { default: policy });
    assert.is(error.code, "untrusted");
    assert.match(error.message, message);
  });
}

test("refuses a signature that is another image's", async () => {
  const place = await setUp();
  const other = `sha256:${"b".repeat(64)}`;
  const tag = `sha256-${digestHex(place.written.manifest)}.sig`;
  place.registry.put(signature(place, { digest: other }), MANIFEST, tag);
  assert.match((await refused(place, { default: signed() })).message, new RegExp(`signature is for ${other}`));
});

test("asks the policy again for an image that the store has", async () => {
  const place = await setUp();
  await pull(place, { default: [{ type: "insecureAcceptAnything" }] });
  const registry = await fakeRegistry(place.layout, place.written);
  const again = pull({ ...place, registry }, { default: [{ type: "reject" }] });
  assert.is(await again.catch((error: AtomicError) => error.code), "untrusted");
});

test("knows a layout by its real path", async () => {
  const place = await setUp();
  const link = join(tempDir(), "link");
  symlinkSync(dirname(place.layout), link);
  const policy = {
    default: [{ type: "insecureAcceptAnything" }],
    transports: { oci: { [place.layout]: [{ type: "reject" }] } },
  };
  const error = await refused(place, policy, `oci:${link}/layout:1`);
  assert.is(error.code, "untrusted");
});
