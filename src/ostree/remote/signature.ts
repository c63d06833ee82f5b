/** Detached ed25519 signatures over a file's bytes. Layout: docs/formats.md, "signatures". */
import { sign as signBytes, verify as verifyBytes } from "node:crypto";
import { AtomicError } from "../../errors.ts";
import { isKeyText, type PublicKey, publicKeyObject } from "./public-key.ts";
import type { SecretKey } from "./secret-key.ts";

export interface Signature {
  /** The public key of who signed, 32 bytes in base64. */
  key: string;
  /** 64 bytes in base64. */
  signature: string;
}

/** Enough for every key of a long rotation; what has more is refused. */
export const MAX_SIGNATURES = 64;
const SIGNATURE = /^[A-Za-z0-9+/]{86}==$/;

/** Signs `bytes`. */
export function sign(bytes: Uint8Array, { key, publicKey }: SecretKey): Signature {
  return { key: publicKey, signature: signBytes(null, bytes, key).toString("base64") };
}

/** The first of `keys` that signed `bytes`; undefined when none did. */
export function signerOf(
  bytes: Uint8Array,
  signatures: readonly Signature[],
  keys: readonly PublicKey[],
): PublicKey | undefined {
  return keys.find((key) =>
    signatures.some(
      (each) =>
        each.key === key.key && verifyBytes(null, bytes, publicKeyObject(key), Buffer.from(each.signature, "base64")),
    ),
  );
}

/** `signatures` with `added`, which replaces an older one of the same key. */
export function withSignatures(signatures: readonly Signature[], added: readonly Signature[]): Signature[] {
  return [...signatures.filter(({ key }) => !added.some((other) => other.key === key)), ...added];
}

/** The text of signatures, one line each. */
export function formatSignatures(signatures: readonly Signature[]): string {
  return signatures.map(({ key, signature }) => `ed25519 ${key} ${signature}\n`).join("");
}

/** Reads what `formatSignatures` writes. @param what for messages @throws AtomicError invalid */
export function parseSignatures(text: string, what: string): Signature[] {
  const lines = text.split("\n").slice(0, -1);
  const refuse = (): AtomicError => new AtomicError("invalid", `reading the signatures of ${what}: malformed`);
  if (lines.length > MAX_SIGNATURES || (text !== "" && !text.endsWith("\n"))) throw refuse();
  return lines.map((line) => {
    const [algorithm, key, signature = "", ...others] = line.split(" ");
    if (algorithm !== "ed25519" || !isKeyText(key) || !SIGNATURE.test(signature) || others.length > 0) throw refuse();
    return { key, signature };
  });
}
