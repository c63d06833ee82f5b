/**
 * Images in the store: a commit of the merged tree, whose metadata holds the image's own documents, under a ref that is
 * the image's name. Layers have refs of their own, so that the next image finds them. docs/formats.md, "images".
 */
import type { Checksum } from "../digest.ts";
import { AtomicError } from "../errors.ts";
import {
  type Commit,
  listRefs,
  NOTES_KEY,
  parseRefName,
  readCommit,
  readRef,
  type RefName,
  type Repo,
} from "../ostree/index.ts";
import { type Digest, digestHex, digestOf, parseDigest } from "./digest.ts";
import { type ImageConfig, parseImageConfig } from "./image-config.ts";
import { type Manifest, parseManifest } from "./manifest.ts";

const IMAGES = "oci/image/";
const HOSTS = "oci/host/";
const LAYERS = "oci/layer/";
const MANIFEST_DIGEST = "oci.manifest-digest";
const MANIFEST = "oci.manifest";
const CONFIG = "oci.config";

/** An image as a commit holds it. */
export interface ImageRecord {
  manifestDigest: Digest;
  manifest: Manifest;
  /** The digest of the configuration, which other tools call the image's ID. */
  id: Digest;
  config: ImageConfig;
  /** The configuration as the image has it. */
  configText: string;
}

/** The ref that an image of that name has. @throws AtomicError usage */
export function imageRef(name: string): RefName {
  return parseRefName(IMAGES + name);
}

/** The ref that the host image of that name has. @throws AtomicError usage */
export function hostImageRef(name: string): RefName {
  return parseRefName(HOSTS + name);
}

/** The ref of the layer whose uncompressed bytes have that digest. */
export function layerRef(diffId: Digest): RefName {
  return parseRefName(LAYERS + digestHex(diffId));
}

/** The names of all images, with their commits. @throws AtomicError corrupt when a ref is damaged */
export function imageRefs(repo: Repo): { name: string; commit: Checksum }[] {
  return listRefs(repo, IMAGES.slice(0, -1)).map(({ ref }) => ({
    name: ref.slice(IMAGES.length),
    commit: readRef(repo, ref)!,
  }));
}

/** The diffIDs of all layers the store has. */
export function layerDiffIds(repo: Repo): Digest[] {
  return listRefs(repo, LAYERS.slice(0, -1)).map(({ ref }) => `sha256:${ref.slice(LAYERS.length)}` as Digest);
}

/** What a commit of an image carries. */
export function recordMetadata(manifest: Buffer, config: Buffer): Record<string, string> {
  return {
    [MANIFEST_DIGEST]: digestOf(manifest),
    [MANIFEST]: manifest.toString("utf8"),
    [CONFIG]: config.toString("utf8"),
  };
}

/** What an image's publisher says of it, as a commit carries it: an annotation of the manifest, else a label. */
export function notesOf({ annotations }: Manifest, { labels }: ImageConfig): Record<string, string> {
  const notes = annotations[NOTES_KEY] ?? labels[NOTES_KEY];
  return notes === undefined ? {} : { [NOTES_KEY]: notes };
}

/** The image that a commit is; undefined when it is none. @throws AtomicError not-found, corrupt, invalid */
export function readRecord(repo: Repo, commit: Checksum): ImageRecord | undefined {
  return recordOf(readCommit(repo, commit), commit);
}

/** The image that a commit, already read, is; undefined when it is none. @throws AtomicError corrupt, invalid */
export function recordOf({ metadata }: Commit, commit: Checksum): ImageRecord | undefined {
  const [digest, manifest, config] = [metadata[MANIFEST_DIGEST], metadata[MANIFEST], metadata[CONFIG]];
  if (digest === undefined || manifest === undefined || config === undefined) return undefined;
  const what = `image of commit ${commit}`;
  const parsed = parseManifest(Buffer.from(manifest), what);
  if (parsed.kind !== "manifest") throw new AtomicError("invalid", `reading ${what}: expected a manifest`);
  return {
    manifestDigest: parseDigest(digest, what),
    manifest: parsed,
    id: digestOf(Buffer.from(config)),
    config: parseImageConfig(Buffer.from(config), what),
    configText: config,
  };
}
