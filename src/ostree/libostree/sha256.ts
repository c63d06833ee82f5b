/** The checksums of OSTree: SHA-256, which no checksum of ours must be taken for. */
import { createHash, hash } from "node:crypto";
import { AtomicError } from "../../errors.ts";

declare const brand: unique symbol;
/** 64 lower-case hex digits: the name of an object in an OSTree repository. */
export type Sha256 = string & { readonly [brand]: "sha256" };

const BYTES = 32;

/** SHA-256 of `bytes`. */
export function sha256Of(bytes: Uint8Array): Sha256 {
  return hash("sha256", bytes, "hex") as Sha256;
}

/** A streaming SHA-256. */
export function createSha256(): { update(chunk: Uint8Array): void; digest(): Sha256 } {
  const state = createHash("sha256");
  return { update: (chunk) => void state.update(chunk), digest: () => state.digest("hex") as Sha256 };
}

/** The checksum whose 32 bytes are `bytes`; messages name `what`. @throws AtomicError invalid */
export function sha256FromBytes(bytes: Uint8Array, what: string): Sha256 {
  if (bytes.length !== BYTES)
    throw new AtomicError("invalid", `decoding ${what}: expected a checksum of ${BYTES} bytes, found ${bytes.length}`);
  return Buffer.from(bytes.buffer, bytes.byteOffset, BYTES).toString("hex") as Sha256;
}

/** The 32 bytes of a checksum. */
export function sha256ToBytes(checksum: Sha256): Buffer {
  return Buffer.from(checksum, "hex");
}

/** The checksum written as `text`; undefined when it is none. */
export function parseSha256(text: string): Sha256 | undefined {
  return /^[0-9a-f]{64}$/.test(text) ? (text as Sha256) : undefined;
}
