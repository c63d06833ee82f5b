/** Who signed a commit or summary: the dictionary, `a{sv}`, of a `.commitmeta` or of `summary.sig`. */
import { verify } from "node:crypto";
import { keyId, type PublicKey, publicKeyObject } from "../remote/public-key.ts";
import { dictType } from "./commit.ts";
import { gpgSigner } from "../../gpgv.ts";
import { decodeVariant } from "./gvariant.ts";
import { BLOBS, valueOf } from "./metadata-value.ts";

/** Who may vouch. */
export interface Trust {
  /** ed25519. */
  keys: readonly PublicKey[];
  /** OpenPGP keys, as gpgv reads them. */
  keyring?: Buffer;
}

const GPG = "ostree.gpgsigs";
const ED25519 = "ostree.sign.ed25519";
const MAX_SIGNATURES = 64;
/** Far above many signatures. Bytes. */
export const MAX_SIGNATURE_FILE = 4 * 1024 * 1024;

/**
 * Who of `trust` signed `bytes`, for people; undefined when nobody did.
 * @param dictionary the bytes of the signatures' dictionary, which is untrusted
 * @throws AtomicError invalid, not-found when gpgv is needed and not installed
 */
export function signerOf(bytes: Buffer, dictionary: Buffer, { keys, keyring }: Trust): string | undefined {
  const found = new Map(decodeVariant(dictType, dictionary, "signatures"));
  const ed25519 = (valueOf(found, ED25519, BLOBS) ?? []).slice(0, MAX_SIGNATURES);
  const key = keys.find((each) => ed25519.some((signature) => verify(null, bytes, publicKeyObject(each), signature)));
  if (key !== undefined) return `ed25519 ${keyId(key)} (${key.name})`;
  const gpg = (valueOf(found, GPG, BLOBS) ?? []).slice(0, MAX_SIGNATURES);
  if (keyring === undefined || gpg.length === 0) return undefined;
  const fingerprint = gpgSigner(bytes, gpg, keyring);
  return fingerprint === undefined ? undefined : `OpenPGP ${fingerprint}`;
}
