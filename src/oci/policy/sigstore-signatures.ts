/**
 * Sigstore signatures of an image, as cosign and skopeo keep them in the image's own repository: layers of a manifest
 * whose tag is made of the image's digest, or which refers to the image.
 * Spec: https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md, OCI distribution, "listing referrers"
 */
import { AtomicError } from "../../errors.ts";
import { type Digest, digestHex, expectDigest } from "../digest.ts";
import { asObject, listField, optionalText, parseJsonObject } from "../json.ts";
import { type Descriptor, MAX_MANIFEST, parseDescriptor } from "../manifest.ts";

/** A signature as it is found: nothing of it is checked but its digest. */
export interface SigstoreSignature {
  payload: Buffer;
  signature: Buffer;
}

/** Reads something small of the image's repository; undefined when it is not there. */
export type ReadRepository = (
  path: string,
  request: { accept?: string; maxBytes: number },
) => Promise<Buffer | undefined>;

const PAYLOAD = "application/vnd.dev.cosign.simplesigning.v1+json";
const SIGNATURE = "dev.cosignproject.cosign/signature";
const ARTIFACT = "application/vnd.dev.cosign.artifact.sig.v1+json";
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const INDEX = "application/vnd.oci.image.index.v1+json";
/** Bytes of one payload. */
const MAX_PAYLOAD = 1024 * 1024;
/** Of one manifest. */
const MAX_SIGNATURES = 64;
const MAX_REFERRERS = 64;

/** The signatures of a manifest: those under the tag first. @throws AtomicError invalid, corrupt, network, permission */
export async function* readSigstoreSignatures(read: ReadRepository, digest: Digest): AsyncGenerator<SigstoreSignature> {
  const tag = `sha256-${digestHex(digest)}`;
  const tagged = await read(`manifests/${tag}.sig`, { accept: MANIFEST, maxBytes: MAX_MANIFEST });
  if (tagged !== undefined) yield* signaturesIn(read, tagged, `the signatures of ${digest}`);
  const request = { accept: INDEX, maxBytes: MAX_MANIFEST };
  const index = (await read(`referrers/${digest}`, request)) ?? (await read(`manifests/${tag}`, request));
  if (index === undefined) return;
  for (const descriptor of signersIn(index, `the referrers of ${digest}`)) {
    const bytes = await read(`manifests/${descriptor.digest}`, { accept: MANIFEST, maxBytes: MAX_MANIFEST });
    if (bytes === undefined) continue;
    expectDigest(bytes, descriptor.digest, `signature ${descriptor.digest}`);
    yield* signaturesIn(read, bytes, `signature ${descriptor.digest}`);
  }
}

/** What among the referrers is a signature. */
function signersIn(index: Buffer, what: string): Descriptor[] {
  const found = listField(parseJsonObject(index, what), "manifests", what)
    .map((item) => asObject(item, what))
    .filter((item) => optionalText(item, "artifactType", what) === ARTIFACT);
  if (found.length > MAX_REFERRERS)
    throw new AtomicError("invalid", `reading ${what}: more than ${MAX_REFERRERS} signatures`);
  return found.map((item) => parseDescriptor(item, what));
}

async function* signaturesIn(read: ReadRepository, manifest: Buffer, what: string): AsyncGenerator<SigstoreSignature> {
  const layers = listField(parseJsonObject(manifest, what), "layers", what).map((item) => parseDescriptor(item, what));
  const signatures = layers.filter(({ mediaType, annotations }) => mediaType === PAYLOAD && SIGNATURE in annotations);
  if (signatures.length > MAX_SIGNATURES)
    throw new AtomicError("invalid", `reading ${what}: more than ${MAX_SIGNATURES} signatures`);
  for (const { digest, annotations } of signatures) {
    const payload = await read(`blobs/${digest}`, { maxBytes: MAX_PAYLOAD });
    if (payload === undefined) continue;
    expectDigest(payload, digest, what);
    yield { payload, signature: Buffer.from(annotations[SIGNATURE]!, "base64") };
  }
}
