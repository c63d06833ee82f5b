/**
 * Checksums: BLAKE3 for everything the store names, from the native module where it loads, else from WebAssembly.
 */
import { AtomicError } from "./errors.ts";
import { nativeModule } from "./native.ts";

declare const brand: unique symbol;
/** 64 lower-case hex digits. */
export type Checksum = string & { readonly [brand]: "checksum" };

export interface Hasher {
  update(chunk: Uint8Array): void;
  /** Ends the computation. */
  digest(): Checksum;
}

/** One implementation of BLAKE3. */
export interface Blake3 {
  hash(bytes: Uint8Array): Checksum;
  hasher(): Hasher;
}

interface NativeBlake {
  blake3(input: Uint8Array): Buffer;
  Blake3Hasher: new () => { update(input: Uint8Array): unknown; digest(format: "hex"): string };
}
interface WasmBlake {
  hash(input: Uint8Array, out: Uint8Array): void;
  create_hasher(): { update(input: Uint8Array): void; digest(out: Uint8Array): void };
}

/** `@napi-rs/blake-hash`, about ten times the portable one's speed. @throws Error when it cannot be loaded */
export function nativeBlake3(): Blake3 {
  const native = nativeModule("blake-hash") as NativeBlake;
  return {
    hash: (bytes) => hex(native.blake3(bytes)),
    hasher() {
      const state = new native.Blake3Hasher();
      return { update: (chunk) => void state.update(chunk), digest: () => state.digest("hex") as Checksum };
    },
  };
}

/** The `blake3` package's WebAssembly build: no CPU or libc requirements. */
export function portableBlake3(): Blake3 {
  const wasm = nativeModule("blake3-wasm") as WasmBlake;
  const finish = (write: (out: Uint8Array) => void): Checksum => {
    const out = Buffer.alloc(32);
    write(out);
    return hex(out);
  };
  return {
    hash: (bytes) => finish((out) => wasm.hash(bytes, out)),
    hasher() {
      const state = wasm.create_hasher();
      return { update: (chunk) => state.update(chunk), digest: () => finish((out) => state.digest(out)) };
    },
  };
}

let implementation: Blake3 | undefined;
function blake3(): Blake3 {
  if (implementation === undefined) {
    try {
      implementation = nativeBlake3();
    } catch {
      implementation = portableBlake3();
    }
  }
  return implementation;
}

/** BLAKE3 of `bytes`. */
export function checksumOf(bytes: Uint8Array): Checksum {
  return blake3().hash(bytes);
}

/** A streaming BLAKE3. */
export function createHasher(): Hasher {
  return blake3().hasher();
}

/** The checksum whose 32 bytes are `bytes`. @throws AtomicError invalid when there are not 32 */
export function checksumFromBytes(bytes: Uint8Array): Checksum {
  if (bytes.length !== 32)
    throw new AtomicError("invalid", `reading a checksum: expected 32 bytes, found ${bytes.length}`);
  return hex(bytes);
}

/** The 32 bytes of a checksum. */
export function checksumToBytes(checksum: Checksum): Buffer {
  return Buffer.from(checksum, "hex");
}

/** The checksum written as `text`. @throws AtomicError invalid unless it is 64 lower-case hex digits */
export function parseChecksum(text: string): Checksum {
  if (!/^[0-9a-f]{64}$/.test(text))
    throw new AtomicError("invalid", `reading checksum ${JSON.stringify(text)}: expected 64 hex digits`);
  return text as Checksum;
}

function hex(bytes: Uint8Array): Checksum {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex") as Checksum;
}
