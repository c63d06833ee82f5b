/** A growing buffer that GVariant values are written into; positions are those of the outermost value. */
export interface VariantWriter {
  /** Bytes written so far. */
  readonly at: number;
  bytes(value: Uint8Array): void;
  /** An unsigned integer of `width` bytes, little-endian. */
  uint(value: number, width: number): void;
  /** Zero bytes up to the next multiple of `alignment`. */
  pad(alignment: number): void;
  /** Everything written so far. */
  finish(): Buffer;
}

const FIRST_SIZE = 256;

/** An empty writer. */
export function createVariantWriter(): VariantWriter {
  let buffer = Buffer.alloc(FIRST_SIZE);
  let at = 0;

  function reserve(bytes: number): void {
    if (at + bytes <= buffer.length) return;
    const larger = Buffer.alloc(Math.max(2 * buffer.length, at + bytes));
    buffer.copy(larger, 0, 0, at);
    buffer = larger;
  }

  return {
    get at() {
      return at;
    },
    bytes(value) {
      reserve(value.length);
      buffer.set(value, at);
      at += value.length;
    },
    uint(value, width) {
      reserve(width);
      for (let i = 0, rest = value; i < width; i++, rest = Math.floor(rest / 256)) buffer[at + i] = rest % 256;
      at += width;
    },
    pad(alignment) {
      const length = (alignment - (at % alignment)) % alignment;
      reserve(length);
      at += length; // the buffer is zero where nothing was written
    },
    finish: () => buffer.subarray(0, at),
  };
}
