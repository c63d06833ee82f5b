/** From a reference to the one manifest it means on this machine. */
import { AtomicError } from "../errors.ts";
import { type Digest, digestOf } from "./digest.ts";
import { type ImageConfig, MAX_CONFIG, parseImageConfig } from "./image-config.ts";
import type { ImageSource } from "./image-source.ts";
import { type Manifest, MAX_MANIFEST, parseManifest } from "./manifest.ts";
import { choosePlatform, formatPlatform, type Platform, thisPlatform } from "./platform.ts";

export interface ResolvedManifest {
  digest: Digest;
  bytes: Buffer;
  manifest: Manifest;
  /** The document the source named first, and its digest: what signatures are made for. */
  top: Digest;
}

/** An index may lead to another one, but not on and on. */
const MAX_INDEXES = 2;

/**
 * The manifest of an image for a platform.
 * @throws AtomicError not-found, invalid, unsupported, corrupt, network, permission
 */
export async function resolveManifest(source: ImageSource, platform = thisPlatform()): Promise<ResolvedManifest> {
  let { bytes, mediaType } = await source.top();
  const top = digestOf(bytes);
  for (let indexes = 0; ; indexes++) {
    const document = parseManifest(bytes, source.what, mediaType);
    if (document.kind === "manifest") return { digest: digestOf(bytes), bytes, manifest: document, top };
    if (indexes === MAX_INDEXES)
      throw new AtomicError("invalid", `reading ${source.what}: more than ${MAX_INDEXES} indexes in each other`);
    const chosen = choosePlatform(document.manifests, platform, source.what);
    bytes = await source.document(chosen, MAX_MANIFEST);
    mediaType = chosen.mediaType;
  }
}

/**
 * The configuration of a manifest.
 * @throws AtomicError unsupported when the image is for another platform; invalid when it does not fit the manifest
 */
export async function resolveConfig(
  source: ImageSource,
  { config, layers }: Manifest,
  platform: Platform = thisPlatform(),
): Promise<{ bytes: Buffer; config: ImageConfig }> {
  const bytes = await source.document(config, MAX_CONFIG);
  const parsed = parseImageConfig(bytes, `${source.what}: config`);
  if (parsed.platform.os !== platform.os || parsed.platform.architecture !== platform.architecture) {
    const [wanted, found] = [formatPlatform(platform), formatPlatform(parsed.platform)];
    throw new AtomicError("unsupported", `reading ${source.what}: expected an image for ${wanted}, found ${found}`);
  }
  if (parsed.diffIds.length !== layers.length) {
    const counts = `${layers.length} layers, but the config names ${parsed.diffIds.length}`;
    throw new AtomicError("invalid", `reading ${source.what}: the manifest has ${counts}`);
  }
  return { bytes, config: parsed };
}
