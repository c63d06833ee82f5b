/** Writing OCI layouts, legal or not. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { type Digest, digestHex, digestOf } from "../../src/oci/digest.ts";
import { type Entry, tar } from "./tar-builder.ts";

const OCI = "application/vnd.oci.image";

export interface LayoutImage {
  layers: Entry[][];
  tag?: string;
  /** The `config` of the configuration. */
  run?: Record<string, unknown>;
  architecture?: string;
  /** Puts the manifest behind an index for these architectures, all but its own leading nowhere. */
  others?: string[];
  created?: string;
}

/** What `writeLayout` wrote. */
export interface Written {
  manifest: Digest;
  config: Digest;
  diffIds: Digest[];
  /** Digests of the blobs. */
  layers: Digest[];
}

export const ARCHITECTURE = process.arch === "x64" ? "amd64" : process.arch;

/** Writes a layout of one image; `index.json` of an earlier one is replaced. */
export function writeLayout(dir: string, image: LayoutImage): Written {
  mkdirSync(join(dir, "blobs/sha256"), { recursive: true });
  const archives = image.layers.map((entries) => tar(...entries));
  const layers = archives.map((archive) => blob(dir, gzipSync(archive), `${OCI}.layer.v1.tar+gzip`));
  const config = blob(
    dir,
    json({
      created: image.created ?? "2026-01-02T03:04:05Z",
      os: "linux",
      architecture: image.architecture ?? ARCHITECTURE,
      config: image.run ?? {},
      rootfs: { type: "layers", diff_ids: archives.map(digestOf) },
    }),
    `${OCI}.config.v1+json`,
  );
  const manifest = blob(dir, json({ schemaVersion: 2, config, layers }), `${OCI}.manifest.v1+json`);
  const platform = { os: "linux", architecture: image.architecture ?? ARCHITECTURE };
  const others = image.others?.map((architecture) => ({
    ...manifest,
    digest: digestOf(Buffer.from(architecture)),
    platform: { os: "linux", architecture },
  }));
  const top =
    others === undefined
      ? manifest
      : blob(
          dir,
          json({ schemaVersion: 2, manifests: [...others, { ...manifest, platform }] }),
          `${OCI}.index.v1+json`,
        );
  const annotations = image.tag === undefined ? {} : { "org.opencontainers.image.ref.name": image.tag };
  writeFileSync(join(dir, "index.json"), json({ schemaVersion: 2, manifests: [{ ...top, annotations }] }));
  writeFileSync(join(dir, "oci-layout"), json({ imageLayoutVersion: "1.0.0" }));
  return {
    manifest: manifest.digest,
    config: config.digest,
    diffIds: archives.map(digestOf),
    layers: layers.map(({ digest }) => digest),
  };
}

/** Writes a blob and returns its descriptor. */
function blob(dir: string, bytes: Buffer, mediaType: string) {
  const digest = digestOf(bytes);
  writeFileSync(join(dir, "blobs/sha256", digestHex(digest)), bytes);
  return { mediaType, digest, size: bytes.length };
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
