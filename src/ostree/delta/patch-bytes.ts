/** Making bytes of a base and a difference that `diffBytes` wrote. */
import { AtomicError } from "../../errors.ts";
import type { ByteReader } from "./byte-reader.ts";
import type { Streams } from "./streams.ts";

/**
 * The `size` bytes that the difference makes of `base`. The streams are untrusted; the caller bounds `size`.
 * @throws AtomicError invalid when they do not make exactly `size` bytes of what the base has
 */
export function patchBytes(base: Uint8Array, size: number, input: Streams<ByteReader>): Uint8Array {
  const { operations, gaps, changes, literals } = input;
  const result = new Uint8Array(size);
  let at = 0;
  let baseAt = 0;
  while (at < size) {
    const copied = operations.varint(size - at);
    const literalLength = operations.varint(size - at - copied);
    if (copied + literalLength === 0) throw new AtomicError("invalid", "applying a delta: a piece of no bytes");
    if (copied > 0) {
      baseAt += operations.signed(base.length);
      if (baseAt < 0 || baseAt + copied > base.length) {
        throw new AtomicError(
          "invalid",
          `applying a delta: ${copied} bytes at ${baseAt} are not in a base of ${base.length}`,
        );
      }
      result.set(base.subarray(baseAt, baseAt + copied), at);
      let place = 0;
      for (let left = operations.varint(copied); left > 0; left--) {
        place += gaps.varint(copied - place - 1);
        result[at + place]! += changes.byte();
        place++;
      }
      baseAt += copied;
    }
    result.set(literals.bytes(literalLength), at + copied);
    at += copied + literalLength;
  }
  return result;
}
