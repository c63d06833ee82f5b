import * as fc from "fast-check";
import * as assert from "uvu/assert";
import { AtomicError } from "../../src/errors.ts";
import { parseImageConfig } from "../../src/oci/image-config.ts";
import { parseManifest } from "../../src/oci/manifest.ts";
import { choosePlatform, type ForPlatform } from "../../src/oci/platform.ts";
import { suite } from "../support/suite.ts";

const test = suite("oci/manifest");

const DIGEST = `sha256:${"1".repeat(64)}`;
const OCI = "application/vnd.oci.image";
const DOCKER = "application/vnd.docker";
const CONFIG = { mediaType: `${OCI}.config.v1+json`, digest: DIGEST, size: 7 };
const LAYER = { mediaType: `${OCI}.layer.v1.tar+gzip`, digest: DIGEST, size: 10 };
const MANIFEST = { schemaVersion: 2, mediaType: `${OCI}.manifest.v1+json`, config: CONFIG, layers: [LAYER] };
const INDEX = { schemaVersion: 2, mediaType: `${OCI}.index.v1+json`, manifests: [] };

function parse(document: unknown, mediaType?: string) {
  return parseManifest(Buffer.from(JSON.stringify(document)), "X", mediaType);
}

test("reads a manifest", () => {
  assert.equal(parse(MANIFEST), {
    kind: "manifest",
    config: { ...CONFIG, annotations: {} },
    layers: [{ ...LAYER, annotations: {} }],
    annotations: {},
  });
});

test("reads Docker's manifest and list", () => {
  const layer = { ...LAYER, mediaType: `${DOCKER}.image.rootfs.diff.tar.gzip` };
  const config = { ...CONFIG, mediaType: `${DOCKER}.container.image.v1+json` };
  const type = `${DOCKER}.distribution.manifest.v2+json`;
  assert.is(parse({ schemaVersion: 2, mediaType: type, config, layers: [layer] }, type).kind, "manifest");
  const list = `${DOCKER}.distribution.manifest.list.v2+json`;
  const manifests = [{ ...CONFIG, mediaType: type, platform: { os: "linux", architecture: "arm64", variant: "v8" } }];
  const index = parse({ schemaVersion: 2, mediaType: list, manifests }, list);
  assert.ok(index.kind === "index");
  assert.equal(index.manifests[0]?.platform, { os: "linux", architecture: "arm64", variant: "v8" });
});

test("reads a manifest that does not say what it is", () => {
  const { mediaType: _, ...bare } = MANIFEST;
  assert.is(parse(bare).kind, "manifest");
  assert.is(parse({ schemaVersion: 2, manifests: [] }).kind, "index");
});

const REFUSED: { what: string; document: unknown; mediaType?: string; code: string; message: RegExp }[] = [
  {
    what: "both an index and a manifest",
    document: { ...MANIFEST, manifests: [] },
    code: "invalid",
    message: /both an index and a manifest/,
  },
  { what: "an index with a config", document: { ...INDEX, config: CONFIG }, code: "invalid", message: /both/ },
  {
    what: "an index sent as a manifest",
    document: INDEX,
    mediaType: MANIFEST.mediaType,
    code: "invalid",
    message: /expected a document of type/,
  },
  {
    what: "an index without a type sent as a manifest",
    document: { schemaVersion: 2, manifests: [] },
    mediaType: MANIFEST.mediaType,
    code: "invalid",
    message: /expected a manifest/,
  },
  {
    what: "a manifest without a type sent as an index",
    document: { schemaVersion: 2, config: CONFIG, layers: [] },
    mediaType: INDEX.mediaType,
    code: "invalid",
    message: /expected an index/,
  },
  { what: "Docker's schema 1", document: { schemaVersion: 1, fsLayers: [] }, code: "unsupported", message: /schema 1/ },
  {
    what: "a Helm chart",
    document: { ...MANIFEST, config: { ...CONFIG, mediaType: "application/vnd.cncf.helm.config.v1+json" } },
    code: "unsupported",
    message: /not a container image.*helm/,
  },
  {
    what: "another kind of document",
    document: MANIFEST,
    mediaType: "text/html",
    code: "invalid",
    message: /text\/html/,
  },
  {
    what: "a document of unknown type",
    document: { ...MANIFEST, mediaType: "text/html" },
    code: "unsupported",
    message: /not a container image/,
  },
  {
    what: "a foreign layer",
    document: { ...MANIFEST, layers: [{ ...LAYER, mediaType: `${DOCKER}.image.rootfs.foreign.diff.tar.gzip` }] },
    code: "unsupported",
    message: /layer 1.*foreign.*not kept/,
  },
  {
    what: "a layer of unknown type",
    document: { ...MANIFEST, layers: [LAYER, { ...LAYER, mediaType: "x/y" }] },
    code: "unsupported",
    message: /layer 2: media type x\/y is unknown/,
  },
  {
    what: "a path as digest",
    document: { ...MANIFEST, layers: [{ ...LAYER, digest: "sha256:../../etc/passwd" }] },
    code: "invalid",
    message: /sha256/,
  },
  {
    what: "a SHA-512 digest",
    document: { ...MANIFEST, config: { ...CONFIG, digest: `sha512:${"1".repeat(128)}` } },
    code: "unsupported",
    message: /sha256/,
  },
  {
    what: "a negative size",
    document: { ...MANIFEST, config: { ...CONFIG, size: -1 } },
    code: "invalid",
    message: /size in bytes/,
  },
  {
    what: "a size that is text",
    document: { ...MANIFEST, config: { ...CONFIG, size: "1" } },
    code: "invalid",
    message: /size in bytes/,
  },
  { what: "layers that are no list", document: { ...MANIFEST, layers: {} }, code: "invalid", message: /a list/ },
  {
    what: "501 layers",
    document: { ...MANIFEST, layers: Array.from({ length: 501 }, () => LAYER) },
    code: "invalid",
    message: /more than 500 layers/,
  },
  { what: "a list", document: [MANIFEST], code: "invalid", message: /an object/ },
  { what: "no config", document: { ...MANIFEST, config: undefined }, code: "invalid", message: /config/ },
];

for (const { what, document, mediaType, code, message } of REFUSED) {
  test(`rejects ${what}`, () => {
    assert.throws(
      () => parse(document, mediaType),
      (error: unknown) => error instanceof AtomicError && error.code === code && message.test(error.message),
    );
  });
}

test("rejects what is not JSON, not UTF-8 or too large", () => {
  for (const bytes of [Buffer.from("{"), Buffer.from([0x22, 0xff, 0x22]), Buffer.alloc(5 << 20, 0x20)]) {
    assert.throws(
      () => parseManifest(bytes, "X"),
      (error: unknown) => error instanceof AtomicError && error.code === "invalid",
    );
  }
});

test("never fails but as an AtomicError", () => {
  fc.assert(
    fc.property(
      fc.json(),
      fc.constantFrom("schemaVersion", "config", "layers", "mediaType", "manifests"),
      (json, key) => {
        for (const read of [parseManifest, parseImageConfig]) {
          try {
            read(Buffer.from(JSON.stringify({ ...MANIFEST, [key]: JSON.parse(json) as unknown })), "X");
          } catch (error) {
            assert.instance(error, AtomicError);
          }
        }
      },
    ),
  );
});

const platform = (architecture: string, variant?: string) => ({
  ...CONFIG,
  annotations: {},
  digest: CONFIG.digest as never,
  platform: { os: "linux", architecture, ...(variant === undefined ? {} : { variant }) },
});

test("chooses by platform, and says what there is", () => {
  const manifests = [platform("amd64"), platform("arm", "v6"), platform("arm", "v7")];
  assert.is(choosePlatform(manifests, { os: "linux", architecture: "amd64" }, "X"), manifests[0]);
  assert.is(choosePlatform(manifests, { os: "linux", architecture: "arm", variant: "v7" }, "X"), manifests[2]);
  assert.throws(
    () => choosePlatform(manifests, { os: "linux", architecture: "riscv64" }, "X"),
    (error: unknown) =>
      error instanceof AtomicError &&
      error.code === "not-found" &&
      error.message.endsWith("expected linux/riscv64, found linux/amd64, linux/arm/v6, linux/arm/v7"),
  );
});

test("takes the only manifest of an index that names no platform", () => {
  const only: ForPlatform = {};
  assert.is(choosePlatform([only], { os: "linux", architecture: "arm64" }, "X"), only);
});

test("reads a configuration with what it leaves out", () => {
  const document = {
    created: "2026-01-02T03:04:05.6Z",
    os: "linux",
    architecture: "amd64",
    config: { Env: ["A=b"], Cmd: ["sh"], Entrypoint: null, User: "", Labels: { RUN: "x" }, Volumes: { "/v": {} } },
    rootfs: { type: "layers", diff_ids: [DIGEST] },
  };
  assert.equal(parseImageConfig(Buffer.from(JSON.stringify(document)), "X"), {
    platform: { os: "linux", architecture: "amd64" },
    created: 1_767_323_045,
    diffIds: [DIGEST],
    run: { env: ["A=b"], entrypoint: [], cmd: ["sh"], exposedPorts: [], volumes: ["/v"] },
    labels: { RUN: "x" },
  });
});
