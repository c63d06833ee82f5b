/** Files that are compressed inside: their difference is that of what they hold, where compressing it again is exact. */
import { AtomicError } from "../../errors.ts";
import { MAX_UNPACKED_BYTES, packLz4Kernel, unpackLz4Kernel } from "./lz4-kernel.ts";

/** A delta names a packing by its place here; the first is none at all. */
const PACKINGS = [
  { pack: (bytes: Uint8Array) => bytes, unpack: (bytes: Uint8Array) => bytes },
  { pack: packLz4Kernel, unpack: unpackLz4Kernel },
] as const;

/** Not packed: the bytes are differenced as they are. */
export const PLAIN = 0;
/** The highest number of a packing. */
export const MAX_PACKING = PACKINGS.length - 1;
export { MAX_UNPACKED_BYTES };

/** Two files and what they hold; `packing` says how. */
export interface Unpacked {
  packing: number;
  base: Uint8Array;
  next: Uint8Array;
}

/**
 * Each way to see both files that a difference may be made in, best first, and last as they are. That packing again is
 * exact is the caller's to check.
 */
export function* unpackings(base: Uint8Array, next: Uint8Array): Generator<Unpacked> {
  for (let packing = MAX_PACKING; packing >= PLAIN; packing--) {
    const { unpack } = PACKINGS[packing]!;
    const unpackedBase = unpack(base);
    const unpackedNext = unpackedBase && unpack(next);
    if (unpackedNext !== undefined) yield { packing, base: unpackedBase!, next: unpackedNext };
  }
}

/** The file of which `unpacked` was made. @throws AtomicError invalid */
export function pack(packing: number, unpacked: Uint8Array): Uint8Array {
  return PACKINGS[packing]!.pack(unpacked);
}

/** What a file holds. @throws AtomicError invalid when it has no such packing */
export function unpack(packing: number, bytes: Uint8Array): Uint8Array {
  const unpacked = PACKINGS[packing]!.unpack(bytes);
  if (unpacked === undefined) {
    throw new AtomicError("invalid", "applying a delta: what it unpacks is not packed as it says");
  }
  return unpacked;
}
