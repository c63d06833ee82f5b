/** Digests as OCI writes them: `sha256:` and 64 hex digits. */
import type { Hash } from "node:crypto";
import { sha256 } from "../bun.ts";
import { AtomicError } from "../errors.ts";

declare const brand: unique symbol;
/** `sha256:` and 64 lower-case hex digits. */
export type Digest = string & { readonly [brand]: "digest" };

const PATTERN = /^sha256:[0-9a-f]{64}$/;

/**
 * Checks a digest that `what` names.
 * @throws AtomicError invalid; unsupported for another algorithm
 */
export function parseDigest(text: string, what: string): Digest {
  if (PATTERN.test(text)) return text as Digest;
  const shown = JSON.stringify(text.slice(0, 150));
  if (/^[a-z0-9+._-]+:[0-9a-f]{32,}$/.test(text) && !text.startsWith("sha256:")) {
    throw new AtomicError("unsupported", `reading ${what}: expected a sha256 digest, found ${shown}`);
  }
  throw new AtomicError("invalid", `reading ${what}: expected sha256:<64 hex digits>, found ${shown}`);
}

/** The digest's hex digits. */
export function digestHex(digest: Digest): string {
  return digest.slice("sha256:".length);
}

/** The digest of `bytes`. */
export function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${sha256(bytes)}` as Digest;
}

/** Ends a SHA-256 computation. */
export function digestOfHash(hash: Hash): Digest {
  return `sha256:${hash.digest("hex")}` as Digest;
}

/**
 * Checks bytes of a blob against the digest by which they were asked for.
 * @throws AtomicError corrupt
 */
export function expectDigest(bytes: Uint8Array, expected: Digest, what: string): void {
  const found = digestOf(bytes);
  if (found !== expected) throw new AtomicError("corrupt", `reading ${what}: expected ${expected}, found ${found}`);
}
