/**
 * What a signature of an image says: the digest of a manifest, and the name it was signed as.
 * Spec: containers-signature(5), https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md
 */
import { AtomicError } from "../../errors.ts";
import { type Digest, parseDigest } from "../digest.ts";
import { asObject, textField } from "../json.ts";
import { allowKeys, parseStrictJson } from "./strict-json.ts";

/** Who writes such payloads, as they call themselves in it. */
export const PAYLOAD_TYPES = {
  simple: "atomic container signature",
  sigstore: "cosign container image signature",
} as const;

export interface SignedPayload {
  digest: Digest;
  /** Unchecked: for people, and for `matchesIdentity`. */
  reference: string;
}

/** @param type the only type that is accepted @throws AtomicError invalid, unsupported (another digest than sha256) */
export function parsePayload(bytes: Uint8Array, type: string, what: string): SignedPayload {
  const document = parseStrictJson(bytes, what);
  allowKeys(document, ["critical", "optional"], what);
  const critical = asObject(document["critical"], `${what}: critical`);
  allowKeys(critical, ["type", "image", "identity"], `${what}: critical`);
  const found = textField(critical, "type", `${what}: critical`);
  if (found !== type) throw new AtomicError("invalid", `reading ${what}: expected type ${type}, found ${found}`);
  const image = asObject(critical["image"], `${what}: image`);
  allowKeys(image, ["docker-manifest-digest"], `${what}: image`);
  const identity = asObject(critical["identity"], `${what}: identity`);
  allowKeys(identity, ["docker-reference"], `${what}: identity`);
  return {
    digest: parseDigest(textField(image, "docker-manifest-digest", what), `${what}: docker-manifest-digest`),
    reference: textField(identity, "docker-reference", what),
  };
}
