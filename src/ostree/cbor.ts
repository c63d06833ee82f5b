/**
 * Deterministic CBOR (RFC 8949 §4.2: shortest integers, definite lengths, sorted map keys) for dirtrees and commits.
 */
import { decode, encode } from "cborg";
import { AtomicError } from "../errors.ts";

/** The largest metadata object accepted; a directory of half a million names stays below it. */
export const MAX_METADATA_BYTES = 64 * 1024 * 1024;

/** Encodes plain data; equal data gives equal bytes. */
export function encodeCbor(value: unknown): Buffer {
  const bytes = encode(value);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * Decodes one CBOR item that fills `bytes` exactly and is in shortest form.
 * @throws AtomicError invalid, naming `what`
 */
export function decodeCbor(bytes: Uint8Array, what: string): unknown {
  if (bytes.length > MAX_METADATA_BYTES) {
    throw new AtomicError(
      "invalid",
      `decoding ${what}: expected at most ${MAX_METADATA_BYTES} bytes, found ${bytes.length}`,
    );
  }
  try {
    return decode(bytes, { strict: true, allowIndefinite: false, allowUndefined: false, rejectDuplicateMapKeys: true });
  } catch (cause) {
    throw new AtomicError("invalid", `decoding ${what}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}

/** Takes typed values out of decoded CBOR in order, refusing whatever does not fit; messages name `what`. */
export class CborFields {
  readonly #values: readonly unknown[];
  readonly #what: string;
  #next = 0;

  constructor(values: unknown, what: string) {
    this.#what = what;
    if (!Array.isArray(values)) throw this.#refuse("expected an array");
    this.#values = values;
  }

  integer(min: number, max: number): number {
    const value = this.#values[this.#next++];
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < min || value > max) {
      throw this.#refuse(`expected an integer in ${min} … ${max}`);
    }
    return value;
  }

  bytes(min: number, max: number): Uint8Array {
    const value = this.#values[this.#next++];
    if (!(value instanceof Uint8Array) || value.length < min || value.length > max) {
      throw this.#refuse(`expected ${min} … ${max} bytes`);
    }
    return value;
  }

  array(max: number): readonly unknown[] {
    const value = this.#values[this.#next++];
    if (!Array.isArray(value) || value.length > max) throw this.#refuse(`expected an array of at most ${max}`);
    return value as readonly unknown[];
  }

  end(): void {
    if (this.#next !== this.#values.length)
      throw this.#refuse(`expected ${this.#next} fields, found ${this.#values.length}`);
  }

  #refuse(why: string): AtomicError {
    return new AtomicError("invalid", `decoding ${this.#what}: field ${this.#next}: ${why}`);
  }
}
