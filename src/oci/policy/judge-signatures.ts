/** Whether a signature fulfils a requirement. */
import { createHash, createPublicKey, type KeyObject, verify } from "node:crypto";
import { AtomicError, isAtomicError } from "../../errors.ts";
import { openGpgMessage, parseKeyring } from "../../gpgv.ts";
import { isKernelError, readFile } from "../../linux/index.ts";
import type { Digest } from "../digest.ts";
import type { ImageReference } from "../reference.ts";
import type { KeySource } from "./requirement.ts";
import { parsePayload, PAYLOAD_TYPES } from "./signed-payload.ts";
import { matchesIdentity, type SignedIdentity } from "./signed-identity.ts";
import type { SigstoreSignature } from "./sigstore-signatures.ts";

/** What a signature has to be for. */
export interface Wanted {
  /** The image as it was asked for, in full. */
  reference: ImageReference;
  digest: Digest;
  identity: SignedIdentity;
}
/** Who signed, for people, or why the signature does not count. */
export type Verdict = { signer: string } | { why: string };

const MAX_KEY_FILE = 1024 * 1024;
const MAX_PAYLOAD = 1024 * 1024;

/** The OpenPGP keys of a requirement, as gpgv reads them. @throws AtomicError untrusted when they cannot be read */
export function gpgKeys(source: KeySource): Buffer {
  return Buffer.concat(readKeys(source).map(({ name, bytes }) => readable(name, () => parseKeyring(bytes, name))));
}

/** The public keys of a requirement. @throws AtomicError untrusted when they cannot be read */
export function sigstoreKeys(source: KeySource): KeyObject[] {
  return readKeys(source).map(({ name, bytes }) => readable(name, () => createPublicKey(bytes)));
}

/** Judges a message that gpg signed. @throws AtomicError not-found when gpgv is not installed */
export function judgeSimpleSigning(message: Buffer, keyring: Buffer, wanted: Wanted): Verdict {
  const opened = openGpgMessage(message, keyring, MAX_PAYLOAD);
  if (opened === undefined) return { why: "no key of the policy made its signature" };
  return judgePayload(opened.content, PAYLOAD_TYPES.simple, wanted) ?? { signer: `OpenPGP ${opened.signer}` };
}

/** Judges a signature in the way of cosign. */
export function judgeSigstore(
  { payload, signature }: SigstoreSignature,
  keys: readonly KeyObject[],
  wanted: Wanted,
): Verdict {
  const key = keys.find((each) => verify(hashFor(each), payload, each, signature));
  if (key === undefined) return { why: "no key of the policy made its signature" };
  return judgePayload(payload, PAYLOAD_TYPES.sigstore, wanted) ?? { signer: `sigstore ${fingerprint(key)}` };
}

/** What is wrong with what was signed; undefined when it is the image that was asked for. */
function judgePayload(payload: Buffer, type: string, { reference, digest, identity }: Wanted): Verdict | undefined {
  try {
    const signed = parsePayload(payload, type, "a signature");
    if (signed.digest !== digest) return { why: `its signature is for ${signed.digest}` };
    if (matchesIdentity(identity, reference, signed.reference)) return undefined;
    return { why: `its signature is for ${JSON.stringify(signed.reference.slice(0, 300))}` };
  } catch (error) {
    if (isAtomicError(error)) return { why: error.message };
    throw error;
  }
}

/** ed25519 and its like have a hash of their own. */
function hashFor({ asymmetricKeyType }: KeyObject): string | null {
  return asymmetricKeyType === "ec" || asymmetricKeyType === "rsa" ? "sha256" : null;
}

/** The first 16 hex digits of SHA-256 over the key's DER. */
function fingerprint(key: KeyObject): string {
  const der = key.export({ format: "der", type: "spki" });
  return createHash("sha256").update(der).digest("hex").slice(0, 16);
}

function readKeys(source: KeySource): { name: string; bytes: Buffer }[] {
  if ("data" in source) return source.data.map((bytes) => ({ name: "keyData", bytes }));
  return source.paths.map((name) => ({
    name,
    bytes: readable(name, () => readFile(name, MAX_KEY_FILE, { follow: true })),
  }));
}

function readable<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    const why = isAtomicError(cause) || isKernelError(cause) ? cause.message : "not a public key in PEM";
    throw new AtomicError("untrusted", `reading the policy's key ${name}: ${why}`, { cause });
  }
}
