/** What a reference means now, without pulling it. */
import type { Checksum } from "../digest.ts";
import { NOTES_KEY, readRef, type Repo } from "../ostree/index.ts";
import type { Digest } from "./digest.ts";
import { hostImageRef, notesOf, readRecord } from "./image-record.ts";
import { versionOf } from "./image-config.ts";
import { openSource, readImageName } from "./open-source.ts";
import { acceptImage } from "./policy/accept-image.ts";
import { missingLayers } from "./missing-layers.ts";
import { resolveConfig, resolveManifest } from "./resolve-image.ts";

/** An image as it is offered. */
export interface ImageTip {
  manifestDigest: Digest;
  /** Who vouches for it, for people. */
  signature: string;
  /** Its commit, if the store has exactly this image; nothing more is asked then. */
  commit?: Checksum;
  version?: string;
  /** Seconds since the epoch. */
  timestamp?: number;
  /** What its publisher says of it. */
  notes?: string;
  /** Bytes of the layers that the store lacks, as they are transferred. */
  download?: number;
}

/**
 * The host image that a reference means on this machine and that this host's policy accepts. In a registry that is one or
 * two small requests, one more for an image that the store lacks, and those that the policy needs.
 * @throws AtomicError not-found, network, permission, invalid, unsupported, usage, untrusted (by the policy)
 */
export async function imageTip(repo: Repo, reference: string, options: { insecure?: boolean } = {}): Promise<ImageTip> {
  const asked = await readImageName(reference);
  const source = await openSource(repo, asked, options);
  try {
    const resolved = await resolveManifest(source);
    const { digest: manifestDigest, manifest } = resolved;
    const signature = await acceptImage({
      reference: asked,
      digests: [...new Set([manifestDigest, resolved.top])],
      ...(source.read === undefined ? {} : { read: source.read }),
    });
    const commit = readRef(repo, hostImageRef(source.name));
    if (commit !== undefined && readRecord(repo, commit)?.manifestDigest === manifestDigest)
      return { manifestDigest, signature, commit };
    const { config } = await resolveConfig(source, manifest);
    const notes = notesOf(manifest, config)[NOTES_KEY];
    const layers = missingLayers(repo, manifest, config);
    return {
      manifestDigest,
      signature,
      ...versionOf(config),
      timestamp: config.created ?? 0,
      ...(notes === undefined ? {} : { notes }),
      download: layers.reduce((sum, { descriptor }) => sum + descriptor.size, 0),
    };
  } finally {
    source.close();
  }
}
