/** ed25519 secret keys: PEM, and what minisign and signify write without a password. */
import { createPrivateKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { AtomicError } from "../../errors.ts";
import { rawPublicKey } from "./public-key.ts";

export interface SecretKey {
  key: KeyObject;
  /** The public half, 32 bytes in base64. */
  publicKey: string;
}

/** DER of everything before the 32 secret bytes in a PKCS #8 key. */
const PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");
const SEED_BYTES = 32;

interface Layout {
  bytes: number;
  /** Where it says how the password was stretched, and what stands there when there is none. */
  kdf: { at: number; none: string };
  /** Where the secret 32 bytes start. */
  seed: number;
}
/** By the first bytes, in latin-1: algorithm, key derivation and checksum. */
const MINISIGN: Layout = { bytes: 158, kdf: { at: 2, none: "\0\0" }, seed: 62 };
const SIGNIFY: Layout = { bytes: 104, kdf: { at: 4, none: "\0\0\0\0" }, seed: 40 };

/**
 * Reads a secret key from the text of its file.
 * @param name the file, for messages
 * @throws AtomicError invalid on anything else, unsupported when it is protected by a password
 */
export function parseSecretKey(text: string, name: string): SecretKey {
  const key = text.includes("-----BEGIN ") ? fromPem(text, name) : fromLine(text, name);
  return { key, publicKey: rawPublicKey(key).toString("base64") };
}

/** A new pair of keys as PEM. */
export function generateKeys(): { secret: string; public: string } {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  return {
    secret: privateKey.export({ format: "pem", type: "pkcs8" }),
    public: publicKey.export({ format: "pem", type: "spki" }),
  };
}

function fromPem(text: string, name: string): KeyObject {
  if (text.includes("ENCRYPTED")) throw locked(name, `openssl pkey -in ${name} -out UNLOCKED`);
  try {
    const key = createPrivateKey(text);
    if (key.asymmetricKeyType === "ed25519") return key;
  } catch (cause) {
    throw refuse(name, cause);
  }
  throw refuse(name);
}

function fromLine(text: string, name: string): KeyObject {
  const lines = text.split("\n").map((line) => line.trim());
  const [line = "", ...others] = lines.filter((each) => each !== "" && !each.startsWith("untrusted comment:"));
  const bytes = Buffer.from(line, "base64");
  const layout = [MINISIGN, SIGNIFY].find((each) => each.bytes === bytes.length);
  if (others.length > 0 || layout === undefined || bytes.toString("latin1", 0, 2) !== "Ed") throw refuse(name);
  const { at, none } = layout.kdf;
  if (bytes.toString("latin1", at, at + none.length) !== none) {
    throw locked(name, layout === MINISIGN ? "minisign -G -W" : "signify -G -n -p PUBLIC -s SECRET");
  }
  const der = Buffer.concat([PKCS8_PREFIX, bytes.subarray(layout.seed, layout.seed + SEED_BYTES)]);
  return createPrivateKey({ key: der, format: "der", type: "pkcs8" });
}

function locked(name: string, hint: string): AtomicError {
  return new AtomicError("unsupported", `reading key ${name}: it is protected by a password`, { hint });
}

function refuse(name: string, cause?: unknown): AtomicError {
  return new AtomicError(
    "invalid",
    `reading key ${name}: expected an ed25519 secret key of minisign, signify or OpenSSL`,
    { cause, hint: "atomic repo keygen FILE" },
  );
}
