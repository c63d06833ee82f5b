/** Files that are compressed inside: their difference is that of what they hold, where compressing it again is exact. */
import { AtomicError } from "../../errors.ts";
import { gzipContent, packGzip, unpackGzip } from "./gzip/gzip-file.ts";
import { MAX_UNPACKED_BYTES, packLz4Kernel, unpackLz4Kernel } from "./lz4-kernel.ts";
import { packZstd, unpackContents, unpackPlain, unpackPredicted } from "./zstd/zstd-file.ts";

interface Packing {
  /** What a file holds; undefined when it is not packed so. */
  unpack(bytes: Uint8Array): Uint8Array | undefined;
  /** What it gives when it is what another is made from. */
  unpackBase(bytes: Uint8Array): Uint8Array | undefined;
  /** The file of which `unpacked`, which is untrusted, was made. @throws AtomicError invalid */
  pack(unpacked: Uint8Array): Uint8Array;
}

/** A delta names a packing by its place here; the first is none at all. */
const PACKINGS: readonly Packing[] = [
  { unpack: (bytes) => bytes, unpackBase: (bytes) => bytes, pack: (bytes) => bytes },
  { unpack: unpackLz4Kernel, unpackBase: unpackLz4Kernel, pack: packLz4Kernel },
  {
    unpack: (bytes) => unpackPlain(bytes, MAX_UNPACKED_BYTES),
    unpackBase: (bytes) => unpackPlain(bytes, MAX_UNPACKED_BYTES) ?? bytes,
    pack: packZstd,
  },
  {
    unpack: (bytes) => unpackPredicted(bytes, MAX_UNPACKED_BYTES),
    unpackBase: (bytes) => unpackContents(bytes, MAX_UNPACKED_BYTES) ?? bytes,
    pack: packZstd,
  },
  {
    unpack: (bytes) => unpackGzip(bytes, MAX_UNPACKED_BYTES),
    unpackBase: (bytes) => gzipContent(bytes, MAX_UNPACKED_BYTES) ?? bytes,
    pack: packGzip,
  },
];

/** Not packed: the bytes are differenced as they are. */
export const PLAIN = 0;
/** The highest number of a packing. */
export const MAX_PACKING = PACKINGS.length - 1;
export { MAX_UNPACKED_BYTES };
/** A kernel for which the first will do has small zstd frames in it, too. */
const BEST_FIRST = [1, 3, 2, 4, PLAIN] as const;

/** Two files and what they hold; `packing` says how. */
export interface Unpacked {
  packing: number;
  base: Uint8Array;
  next: Uint8Array;
}

/**
 * Each way to see a file and the first of its sources that a difference may be made in, best first, and last as they are.
 * That packing again is exact is the caller's to check.
 */
export function* unpackings(first: Uint8Array, file: Uint8Array): Generator<Unpacked> {
  for (const packing of BEST_FIRST) {
    const { unpack, unpackBase } = PACKINGS[packing]!;
    const next = unpack(file);
    if (next === undefined || next.length > MAX_UNPACKED_BYTES) continue;
    const base = unpackBase(first);
    if (base !== undefined) yield { packing, base, next };
  }
}

/** The file of which `unpacked` was made. @throws AtomicError invalid */
export function pack(packing: number, unpacked: Uint8Array): Uint8Array {
  return PACKINGS[packing]!.pack(unpacked);
}

/** What the first source of a packed file gives. @throws AtomicError invalid when it has no such packing */
export function unpackBase(packing: number, bytes: Uint8Array): Uint8Array {
  const unpacked = PACKINGS[packing]!.unpackBase(bytes);
  if (unpacked === undefined) {
    throw new AtomicError("invalid", "applying a delta: what it unpacks is not packed as it says");
  }
  return unpacked;
}
