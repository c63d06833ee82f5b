/**
 * Manifests and indexes: what an image is made of.
 * Spec: https://github.com/opencontainers/image-spec/blob/main/manifest.md and image-index.md
 */
import { AtomicError } from "../errors.ts";
import { type Digest, parseDigest } from "./digest.ts";
import {
  asObject,
  type JsonObject,
  listField,
  mapField,
  optionalText,
  parseJsonObject,
  sizeField,
  textField,
} from "./json.ts";
import { mediaKind } from "./media-types.ts";
import { type ForPlatform, parsePlatform } from "./platform.ts";

/** The most bytes of a manifest or index. The distribution specification asks registries for at least as much. */
export const MAX_MANIFEST = 4 * 1024 * 1024;
/** Docker's overlay driver stops at 127. */
const MAX_LAYERS = 500;
const MAX_MANIFESTS = 1000;

/** What names a blob. */
export interface Descriptor {
  mediaType: string;
  digest: Digest;
  /** Bytes. */
  size: number;
  annotations: Record<string, string>;
}
export interface ManifestDescriptor extends Descriptor, ForPlatform {}
export interface Manifest {
  kind: "manifest";
  config: Descriptor;
  /** From the lowest to the highest. */
  layers: Descriptor[];
  annotations: Record<string, string>;
}
export interface Index {
  kind: "index";
  manifests: ManifestDescriptor[];
}

/**
 * Reads a manifest or an index, whichever `mediaType` says; without one, what the document itself says.
 *
 * A document that could be read as both is refused: two readers of one digest must never see two images.
 * @param what the document, for messages
 * @throws AtomicError invalid; unsupported for documents that are not container images
 */
export function parseManifest(bytes: Uint8Array, what: string, mediaType?: string): Manifest | Index {
  if (bytes.length > MAX_MANIFEST) throw new AtomicError("invalid", `reading ${what}: more than ${MAX_MANIFEST} bytes`);
  const document = parseJsonObject(bytes, what);
  const own = optionalText(document, "mediaType", what);
  if (own !== undefined && mediaType !== undefined && own !== mediaType) {
    throw new AtomicError("invalid", `reading ${what}: expected a document of type ${mediaType}, found ${own}`);
  }
  const isIndex = "manifests" in document;
  const isManifest = "layers" in document || "config" in document;
  if (isIndex && isManifest) throw new AtomicError("invalid", `reading ${what}: it is both an index and a manifest`);
  const type = own ?? mediaType;
  const kind = type === undefined ? (isIndex ? "index" : "manifest") : mediaKind(type);
  if (kind === "schema-1" || document["schemaVersion"] === 1) {
    throw new AtomicError("unsupported", `reading ${what}: a Docker manifest of schema 1, which nobody should use`);
  }
  if (kind !== "index" && kind !== "manifest")
    throw new AtomicError("unsupported", `reading ${what}: ${type} is not a container image`);
  if (document["schemaVersion"] !== 2 || (kind === "index") !== isIndex) {
    throw new AtomicError("invalid", `reading ${what}: expected ${kind === "index" ? "an index" : "a manifest"}`);
  }
  return isIndex ? parseIndex(document, what) : parseImageManifest(document, what);
}

function parseIndex(document: JsonObject, what: string): Index {
  const items = listField(document, "manifests", what);
  if (items.length > MAX_MANIFESTS)
    throw new AtomicError("invalid", `reading ${what}: more than ${MAX_MANIFESTS} manifests`);
  const manifests = items.map((item) => {
    const object = asObject(item, `${what}: manifests`);
    const platform = object["platform"] ?? undefined;
    return {
      ...parseDescriptor(object, `${what}: manifests`),
      ...(platform === undefined ? {} : { platform: parsePlatform(platform, `${what}: platform`) }),
    };
  });
  return { kind: "index", manifests };
}

function parseImageManifest(document: JsonObject, what: string): Manifest {
  const config = parseDescriptor(document["config"], `${what}: config`);
  if (mediaKind(config.mediaType) !== "config") {
    throw new AtomicError("unsupported", `reading ${what}: not a container image: its config is ${config.mediaType}`);
  }
  const items = listField(document, "layers", what);
  if (items.length > MAX_LAYERS) throw new AtomicError("invalid", `reading ${what}: more than ${MAX_LAYERS} layers`);
  const layers = items.map((item, i) => {
    const layer = parseDescriptor(item, `${what}: layer ${i + 1}`);
    const kind = mediaKind(layer.mediaType);
    if (kind === "layer") return layer;
    const why = kind === "foreign-layer" ? "is not kept by registries" : "is unknown";
    throw new AtomicError("unsupported", `reading ${what}: layer ${i + 1}: media type ${layer.mediaType} ${why}`);
  });
  return { kind: "manifest", config, layers, annotations: mapField(document, "annotations", what) };
}

/** @throws AtomicError invalid */
export function parseDescriptor(value: unknown, what: string): Descriptor {
  const object = asObject(value, what);
  return {
    mediaType: textField(object, "mediaType", what),
    digest: parseDigest(textField(object, "digest", what), `${what}: digest`),
    size: sizeField(object, "size", what),
    annotations: mapField(object, "annotations", what),
  };
}
