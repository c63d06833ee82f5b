/** An image in a registry. */
import type { Repo } from "../../ostree/index.ts";
import { forEachParallel } from "../../parallel.ts";
import type { Progress } from "../../progress.ts";
import { isAtomicError } from "../../errors.ts";
import { type Digest, expectDigest } from "../digest.ts";
import type { ImageSource, TopDocument } from "../image-source.ts";
import { type Descriptor, MAX_MANIFEST } from "../manifest.ts";
import { ACCEPT_MANIFESTS, mediaKind } from "../media-types.ts";
import { formatRegistryReference, type RegistryReference } from "../reference.ts";
import { findCredentials } from "./auth-file.ts";
import { readCertificates } from "./certs-d.ts";
import { downloadBlob, dropDownload } from "./download-blob.ts";
import { readAuthFiles, readRegistriesConf } from "./host-files.ts";
import { endpointsOf } from "./registries-conf.ts";
import { createRegistryClient, type RegistryClient } from "./registry-client.ts";

export interface RegistryOptions {
  /** Accept plain HTTP and any certificate, whatever registries.conf says. */
  insecure?: boolean;
}

/** Layers fetched at a time. */
const PARALLEL = 3;

/** @throws AtomicError permission when the registry is blocked; invalid when a file of this host is */
export function openRegistry(repo: Repo, reference: RegistryReference, options: RegistryOptions = {}): ImageSource {
  const what = `image docker://${formatRegistryReference(reference)}`;
  const auths = readAuthFiles();
  const clients = endpointsOf(readRegistriesConf(), reference).map((endpoint) => {
    const credentials = findCredentials(auths, endpoint);
    const certificates = readCertificates(endpoint.host);
    return createRegistryClient(
      { ...endpoint, insecure: endpoint.insecure || options.insecure === true },
      {
        ...(credentials === undefined ? {} : { credentials }),
        ...(certificates === undefined ? {} : { certificates }),
      },
    );
  });
  return {
    what,
    name: formatRegistryReference(byDigestAlone(reference)),
    async top(): Promise<TopDocument> {
      const top = await firstOf(clients, (client) =>
        client.read(`manifests/${reference.digest ?? reference.tag}`, {
          accept: ACCEPT_MANIFESTS,
          maxBytes: MAX_MANIFEST,
        }),
      );
      if (reference.digest !== undefined) expectDigest(top.bytes, reference.digest, what);
      return top;
    },
    async document({ mediaType, digest }: Descriptor, max: number): Promise<Buffer> {
      const isManifest = ["manifest", "index"].includes(mediaKind(mediaType));
      const path = `${isManifest ? "manifests" : "blobs"}/${digest}`;
      const request = { maxBytes: max, ...(isManifest ? { accept: ACCEPT_MANIFESTS } : {}) };
      const { bytes } = await firstOf(clients, (client) => client.read(path, request));
      expectDigest(bytes, digest, `${what}: ${digest}`);
      return bytes;
    },
    async read(path, request) {
      try {
        return (await firstOf(clients, (client) => client.read(path, request))).bytes;
      } catch (error) {
        if (isAtomicError(error, "not-found")) return undefined;
        throw error;
      }
    },
    layers: (descriptors, progress) => fetchLayers(repo, clients, descriptors, progress),
    release: (digests) => digests.forEach((digest: Digest) => dropDownload(repo, digest)),
    close: () => clients.forEach((client) => client.close()),
  };
}

/** A name with a digest needs no tag, which may mean something else by now. */
function byDigestAlone({ tag, ...reference }: RegistryReference): RegistryReference {
  return reference.digest === undefined && tag !== undefined ? { ...reference, tag } : reference;
}

async function fetchLayers(
  repo: Repo,
  clients: readonly RegistryClient[],
  descriptors: readonly Descriptor[],
  progress: Progress,
) {
  const total = descriptors.reduce((sum, { size }) => sum + size, 0);
  const task = progress.start("downloading layers", { total, unit: "bytes" });
  const files = new Map<number, Awaited<ReturnType<typeof downloadBlob>>>();
  await forEachParallel(descriptors.entries(), PARALLEL, async ([i, descriptor], signal) => {
    files.set(i, await downloadBlob(repo, clients, descriptor, { task, signal }));
  });
  task.finish();
  return descriptors.map((_, i) => files.get(i)!);
}

/** Asks one registry after another: a mirror may lack an image, or be down. */
async function firstOf<T>(clients: readonly RegistryClient[], ask: (client: RegistryClient) => Promise<T>): Promise<T> {
  for (const [i, client] of clients.entries()) {
    try {
      return await ask(client);
    } catch (error) {
      const mayTryNext =
        isAtomicError(error, "network") || isAtomicError(error, "not-found") || isAtomicError(error, "permission");
      if (i === clients.length - 1 || !mayTryNext) throw error;
    }
  }
  throw new Error("an image without a registry");
}
