/**
 * ed25519 public keys, in the files that minisign, signify and OpenSSL write.
 * Formats: https://jedisct1.github.io/minisign/#public-key-format, signify(1), RFC 8410.
 */
import { createPublicKey, type KeyObject } from "node:crypto";
import { checksumOf } from "../../digest.ts";
import { AtomicError } from "../../errors.ts";

export interface PublicKey {
  /** What people call it. */
  name: string;
  /** The key's 32 bytes in base64. */
  key: string;
}

const KEY_BYTES = 32;
/** `Ed`, a key number of 8 bytes, and the key. */
const NUMBERED_BYTES = 2 + 8 + KEY_BYTES;
/** DER of everything before the key in a SubjectPublicKeyInfo. */
const SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");
const KEY = /^[A-Za-z0-9+/]{43}=$/;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/**
 * Reads a public key: PEM, minisign's or signify's two lines, or one line of base64.
 * @param name what to call it
 * @throws AtomicError invalid when it is anything else, also a secret key
 */
export function parsePublicKey(text: string, name: string): PublicKey {
  return { name, key: (text.includes("-----BEGIN ") ? fromPem(text, name) : fromLine(text, name)).toString("base64") };
}

/** The first 16 hex digits of the key's BLAKE3: what people compare. */
export function keyId({ key }: { key: string }): string {
  return checksumOf(Buffer.from(key, "base64")).slice(0, 16);
}

/** The key as node:crypto takes it. */
export function publicKeyObject({ key }: PublicKey): KeyObject {
  const der = Buffer.concat([SPKI_PREFIX, Buffer.from(key, "base64")]);
  return createPublicKey({ key: der, format: "der", type: "spki" });
}

/** True for 32 bytes in base64. */
export function isKeyText(value: unknown): value is string {
  return typeof value === "string" && KEY.test(value);
}

/** The public key's 32 bytes of a node:crypto key, public or private. */
export function rawPublicKey(key: KeyObject): Buffer {
  const publicKey = key.type === "public" ? key : createPublicKey(key);
  return publicKey.export({ format: "der", type: "spki" }).subarray(SPKI_PREFIX.length);
}

function fromPem(text: string, name: string): Buffer {
  if (!text.includes("-----BEGIN PUBLIC KEY-----")) throw refuse(name, "a public key, found another PEM object");
  let key: KeyObject;
  try {
    key = createPublicKey(text);
  } catch (cause) {
    throw refuse(name, "a public key in PEM", cause);
  }
  if (key.asymmetricKeyType !== "ed25519") throw refuse(name, `ed25519, found ${key.asymmetricKeyType}`);
  return rawPublicKey(key);
}

function fromLine(text: string, name: string): Buffer {
  const lines = text.split("\n").map((line) => line.trim());
  const [line = "", ...others] = lines.filter((each) => each !== "" && !each.startsWith("untrusted comment:"));
  const bytes = Buffer.from(BASE64.test(line) ? line : "", "base64");
  if (others.length === 0 && bytes.length === KEY_BYTES) return bytes;
  if (others.length === 0 && bytes.length === NUMBERED_BYTES && bytes.toString("latin1", 0, 2) === "Ed")
    return bytes.subarray(-KEY_BYTES);
  throw refuse(name, "an ed25519 public key of minisign, signify or OpenSSL");
}

function refuse(name: string, expected: string, cause?: unknown): AtomicError {
  return new AtomicError("invalid", `reading key ${name}: expected ${expected}`, {
    cause,
    hint: "atomic repo keygen FILE",
  });
}
