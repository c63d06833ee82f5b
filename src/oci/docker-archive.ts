/**
 * What `docker save` writes: a tar archive with `manifest.json`, configurations and layers.
 * Spec: https://github.com/moby/docker-image-spec/blob/main/v1.2.md#combined-image-json--filesystem-changeset-format
 */
import { AtomicError } from "../errors.ts";
import { type FindBlob, readWhole } from "./blob-finder.ts";
import { digestOf } from "./digest.ts";
import { MAX_CONFIG, parseImageConfig } from "./image-config.ts";
import type { ImageSource } from "./image-source.ts";
import { asObject, type JsonObject, parseJsonList, textField, textsField } from "./json.ts";
import { localName } from "./local-name.ts";
import { MAX_MANIFEST } from "./manifest.ts";
import {
  type FileReference,
  formatImageReference,
  formatRegistryReference,
  parseRegistryReference,
} from "./reference.ts";

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const CONFIG = "application/vnd.oci.image.config.v1+json";
const LAYER = "application/vnd.oci.image.layer.v1.tar";

/**
 * The image a reference names in such an archive. It has no manifest of its own; the one made here names layers by
 * their diffIDs.
 * @throws AtomicError not-found (no such image), usage (there are several), invalid
 */
export function openDockerArchive(reference: FileReference, find: FindBlob): ImageSource {
  const what = `image ${formatImageReference(reference)}`;
  const images = parseJsonList(readWhole(find, "manifest.json", { max: MAX_MANIFEST, what }), `${what}: manifest.json`);
  const image = choose(images, reference, what);
  const config = readWhole(find, textField(image, "Config", what), { max: MAX_CONFIG, what });
  const { diffIds } = parseImageConfig(config, `${what}: config`);
  const paths = textsField(image, "Layers", what);
  if (paths.length !== diffIds.length)
    throw new AtomicError("invalid", `reading ${what}: ${paths.length} layers, but the config names ${diffIds.length}`);
  const blobs = paths.map((path) => {
    const blob = find(path);
    if (blob === undefined) throw new AtomicError("not-found", `reading ${what}: it has no ${path}`);
    return blob;
  });
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MANIFEST,
      config: { mediaType: CONFIG, digest: digestOf(config), size: config.length },
      layers: blobs.map(({ size }, i) => ({ mediaType: LAYER, digest: diffIds[i], size })),
    }),
  );
  return {
    what,
    name: nameOf(image),
    top: async () => ({ bytes: manifest, mediaType: MANIFEST }),
    document: async () => config,
    layers: async (descriptors) => descriptors.map(({ digest }) => blobs[diffIds.indexOf(digest)]!),
    release: () => undefined,
    close: () => undefined,
  };

  function nameOf(of: JsonObject): string {
    const own = reference.tag ?? textsField(of, "RepoTags", what)[0];
    return own === undefined ? localName(reference, own) : formatRegistryReference(parseRegistryReference(own));
  }
}

function choose(images: readonly unknown[], { tag }: FileReference, what: string): JsonObject {
  const objects = images.map((image) => asObject(image, `${what}: manifest.json`));
  const tags = (image: JsonObject): string[] => textsField(image, "RepoTags", what);
  const wanted = tag === undefined ? undefined : formatRegistryReference(parseRegistryReference(tag));
  const named =
    wanted === undefined
      ? objects
      : objects.filter((image) =>
          tags(image).some((own) => formatRegistryReference(parseRegistryReference(own)) === wanted),
        );
  const [only] = named;
  if (only === undefined) throw new AtomicError("not-found", `opening ${what}: it holds no such image`);
  if (named.length > 1) {
    const names = named.map((image) => tags(image)[0] ?? "(unnamed)");
    throw new AtomicError(
      "usage",
      `opening ${what}: it holds ${named.length} images: ${names.slice(0, 20).join(", ")}`,
    );
  }
  return only;
}
