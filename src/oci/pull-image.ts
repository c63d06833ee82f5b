/** Bringing an image into the store. */
import type { Checksum } from "../digest.ts";
import { AtomicError } from "../errors.ts";
import {
  type DirectoryNode,
  loadTree,
  readRef,
  type RefName,
  type Repo,
  stageTree,
  transactAsync,
  withRepoLock,
  writeRef,
} from "../ostree/index.ts";
import { noProgress, type Progress } from "../progress.ts";
import type { Digest } from "./digest.ts";
import { type ImageConfig, versionOf } from "./image-config.ts";
import { hostTree } from "./host-tree.ts";
import { hostImageRef, imageRef, layerRef, notesOf, readRecord, recordMetadata } from "./image-record.ts";
import type { ImageSource } from "./image-source.ts";
import { applyLayers } from "./layer/apply-layers.ts";
import { importLayer, type LayerBlob } from "./layer/import-layer.ts";
import { openSource, readImageName } from "./open-source.ts";
import { missingLayers } from "./missing-layers.ts";
import type { Platform } from "./platform.ts";
import { acceptImage } from "./policy/accept-image.ts";
import type { ImageReference } from "./reference.ts";
import { resolveConfig, type ResolvedManifest, resolveManifest } from "./resolve-image.ts";

export interface PullImageOptions {
  /** `docker://…`, `oci:…`, `oci-archive:…`, `docker-archive:…`, or a name in a registry. */
  reference: string;
  /** What the store calls the image; by default what the source calls it. */
  name?: string;
  /** This machine's if left out. */
  platform?: Platform;
  /** Accept plain HTTP and any certificate. */
  insecure?: boolean;
  progress?: Progress;
}
export interface PulledImage {
  name: string;
  commit: Checksum;
  manifestDigest: Digest;
  config: ImageConfig;
  /** False when the store had exactly this image under this name. */
  changed: boolean;
  /** Layers that the store did not have. */
  newLayers: number;
  /** Who vouches for it, for people. */
  signature: string;
}

/**
 * Pulls an image that this host's policy accepts: its layers that the store lacks, then the tree they make together, the
 * name last. What was complete stays when this fails, and a second try goes on from there.
 * @throws AtomicError usage, not-found, invalid (hostile or damaged), corrupt (a digest differs), unsupported, network,
 *   permission, untrusted (by the policy), no-space, locked
 */
export async function pullImage(repo: Repo, options: PullImageOptions): Promise<PulledImage> {
  return pullAs(repo, options, CONTAINER);
}

/**
 * Pulls the image of a host: its tree is that of a deployment, with `/etc` in `/usr/etc`, under a ref of its own. The
 * layers are the same ones.
 * @throws AtomicError as `pullImage`; invalid when it has no kernel
 */
export async function pullHostImage(repo: Repo, options: PullImageOptions): Promise<PulledImage> {
  return pullAs(repo, options, HOST);
}

/** What becomes of the merged tree. */
interface Use {
  ref: (name: string) => RefName;
  shape: (tree: DirectoryNode, what: string) => DirectoryNode;
}
const CONTAINER: Use = { ref: imageRef, shape: (tree) => tree };
const HOST: Use = { ref: hostImageRef, shape: hostTree };

async function pullAs(repo: Repo, options: PullImageOptions, use: Use): Promise<PulledImage> {
  const asked = await readImageName(options.reference);
  const source = await openSource(repo, asked, options);
  try {
    return await pullFrom(repo, source, { ...options, asked, use });
  } finally {
    source.close();
  }
}

async function pullFrom(
  repo: Repo,
  source: ImageSource,
  options: PullImageOptions & { asked: ImageReference; use: Use },
): Promise<PulledImage> {
  const name = options.name ?? source.name;
  const ref = options.use.ref(name);
  const resolved = await resolveManifest(source, options.platform);
  // Before anything else of the image is read. What the store has may have been accepted by another policy.
  const signature = await acceptImage({
    reference: options.asked,
    digests: [...new Set([resolved.digest, resolved.top])],
    ...(source.read === undefined ? {} : { read: source.read }),
  });
  const present = readRef(repo, ref);
  const record = present === undefined ? undefined : readRecord(repo, present);
  if (present !== undefined && record?.manifestDigest === resolved.digest) {
    return {
      name,
      commit: present,
      manifestDigest: resolved.digest,
      config: record.config,
      changed: false,
      newLayers: 0,
      signature,
    };
  }
  const { bytes, config } = await resolveConfig(source, resolved.manifest, options.platform);
  const { progress = noProgress } = options;
  const missing = missingLayers(repo, resolved.manifest, config);
  const files = await source.layers(
    missing.map(({ descriptor }) => descriptor),
    progress,
  );
  const blobs = missing.map(({ descriptor: { digest }, diffId }, i): LayerBlob => ({
    blob: files[i]!,
    diffId,
    // Where there is no digest of the blob, the diffID stands in for it.
    ...(digest === diffId || files[i]!.checked === true ? {} : { digest }),
  }));
  const commit = await withRepoLock(repo, async () => {
    await importLayers(repo, blobs, progress);
    const made = await stageImage(repo, { resolved, config, configBytes: bytes, what: source.what, use: options.use });
    writeRef(repo, ref, made);
    return made;
  });
  source.release(missing.map(({ descriptor }) => descriptor.digest));
  return { name, commit, manifestDigest: resolved.digest, config, changed: true, newLayers: missing.length, signature };
}

/** Stores layers one by one: each stays once it is complete. */
async function importLayers(repo: Repo, layers: readonly LayerBlob[], progress: Progress): Promise<void> {
  const task = progress.start("storing layers", { unit: "bytes" });
  for (const layer of layers) {
    const commit = await transactAsync(repo, (transaction) => importLayer(transaction, layer, task));
    writeRef(repo, layerRef(layer.diffId), commit);
  }
  task.finish();
}

interface Documents {
  resolved: ResolvedManifest;
  config: ImageConfig;
  configBytes: Buffer;
  what: string;
  use: Use;
}

/** The commit of the tree that the layers make together. Equal images become equal commits. */
async function stageImage(repo: Repo, { resolved, config, configBytes, what, use }: Documents): Promise<Checksum> {
  const merged = applyLayers(
    config.diffIds.map((diffId) => loadLayer(repo, diffId)),
    what,
  );
  const tree = use.shape(merged, what);
  return transactAsync(repo, async (transaction) =>
    stageTree(transaction, tree, {
      timestamp: config.created ?? 0,
      subject: `image ${resolved.digest}`,
      ...versionOf(config),
      metadata: { ...recordMetadata(resolved.bytes, configBytes), ...notesOf(resolved.manifest, config) },
    }),
  );
}

function loadLayer(repo: Repo, diffId: Digest): DirectoryNode {
  const commit = readRef(repo, layerRef(diffId));
  if (commit === undefined) throw new AtomicError("not-found", `loading layer ${diffId}: not in ${repo.path}`);
  return loadTree(repo, commit);
}
