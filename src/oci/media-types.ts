/**
 * The media types we understand.
 * Spec: https://github.com/opencontainers/image-spec/blob/main/media-types.md, and Docker's of the same documents.
 */
const INDEXES = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
];
const MANIFESTS = [
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
];
const CONFIGS = ["application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"];
const LAYERS = [
  "application/vnd.oci.image.layer.v1.tar",
  "application/vnd.oci.image.layer.v1.tar+gzip",
  "application/vnd.oci.image.layer.v1.tar+zstd",
  "application/vnd.docker.image.rootfs.diff.tar",
  "application/vnd.docker.image.rootfs.diff.tar.gzip",
  "application/vnd.docker.image.rootfs.diff.tar.zstd",
];
/** Layers that registries do not keep. */
const FOREIGN = [/^application\/vnd\.oci\.image\.layer\.nondistributable\./, /\.rootfs\.foreign\.diff\./];
/** The manifests of Docker before 2016. */
const SCHEMA_1 = /^application\/vnd\.docker\.distribution\.manifest\.v1\+/;

/** The kinds of media type that decide what is done with a blob. */
export type MediaKind = "index" | "manifest" | "config" | "layer" | "foreign-layer" | "schema-1" | "unknown";

/** What a media type is to us. */
export function mediaKind(type: string): MediaKind {
  if (INDEXES.includes(type)) return "index";
  if (MANIFESTS.includes(type)) return "manifest";
  if (CONFIGS.includes(type)) return "config";
  if (LAYERS.includes(type)) return "layer";
  if (FOREIGN.some((pattern) => pattern.test(type))) return "foreign-layer";
  return SCHEMA_1.test(type) ? "schema-1" : "unknown";
}

/** What a registry is asked for when a manifest or index is wanted. */
export const ACCEPT_MANIFESTS = [...MANIFESTS, ...INDEXES].join(", ");
