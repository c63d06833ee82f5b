/** Decompressing layers: gzip, zstd or nothing, told by the first bytes. */
import { createGunzip, createZstdDecompress } from "node:zlib";
import { AtomicError } from "../../errors.ts";
import { releaseBytes } from "../../release-bytes.ts";

type Compression = "gzip" | "zstd" | "none";

const CHUNK = 1 << 20;
/** A layer may grow to this size whatever it is compressed to, and beyond it to so many times the blob. */
const MAX_UNSUSPICIOUS = 256 * 1024 * 1024;
const MAX_RATIO = 200;
const MAX_LAYER = 64 * 1024 ** 3;

/** How a blob that begins with `bytes` is compressed. */
function compressionOf(bytes: Uint8Array): Compression {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return "gzip";
  const isZstd = bytes[0] === 0x28 && bytes[1] === 0xb5 && bytes[2] === 0x2f && bytes[3] === 0xfd;
  return isZstd || isSkippable(bytes) ? "zstd" : "none";
}

/** The most bytes a blob of that size may unpack to. */
function unpackedLimit(blobSize: number): number {
  return Math.min(MAX_LAYER, Math.max(MAX_UNSUSPICIOUS, MAX_RATIO * blobSize));
}

/**
 * The uncompressed bytes of a blob, piece by piece; a piece is only valid until the next one is asked for.
 * @param size the whole blob's
 * @param what the layer, for messages
 * @throws AtomicError invalid (damaged, or a bomb), unsupported (zstd where the runtime has none)
 */
export async function* decompress(
  blob: Iterable<Uint8Array>,
  { size, what }: { size: number; what: string },
): AsyncGenerator<Uint8Array> {
  const chunks = blob[Symbol.iterator]();
  const first = chunks.next();
  if (first.done === true) return;
  const limit = unpackedLimit(size);
  let total = 0;
  for await (const chunk of stream(first.value, chunks, what)) {
    total += chunk.length;
    if (total > limit)
      throw new AtomicError("invalid", `unpacking ${what}: ${size} bytes unpack to more than ${limit}`);
    yield chunk;
  }
}

async function* stream(first: Uint8Array, rest: Iterator<Uint8Array>, what: string): AsyncGenerator<Uint8Array> {
  const compression = compressionOf(first);
  const all = (function* () {
    yield first;
    for (let next = rest.next(); next.done !== true; next = rest.next()) yield next.value;
  })();
  if (compression === "none") {
    yield* all;
    return;
  }
  const decoder = createDecoder(compression, what);
  const feeding = (async () => {
    for (const chunk of all) {
      // The piece is only ours until the next one is read.
      if (!decoder.write(chunk.slice())) await new Promise((resolve) => decoder.once("drain", resolve));
    }
    decoder.end();
  })();
  feeding.catch((error: Error) => decoder.destroy(error));
  try {
    for await (const chunk of decoder as AsyncIterable<Uint8Array>) {
      yield chunk;
      // The decoder fills one buffer after the other: with the last piece of one, all of it has been used.
      if (chunk.byteOffset + chunk.length === chunk.buffer.byteLength) releaseBytes(new Uint8Array(chunk.buffer));
    }
    await feeding;
  } catch (cause) {
    if (cause instanceof AtomicError) throw cause;
    throw new AtomicError("invalid", `unpacking ${what}: damaged ${compression} data: ${(cause as Error).message}`, {
      cause,
    });
  }
}

function createDecoder(compression: "gzip" | "zstd", what: string) {
  if (compression === "gzip") return createGunzip({ chunkSize: CHUNK });
  if (typeof createZstdDecompress !== "function")
    throw new AtomicError("unsupported", `unpacking ${what}: this runtime cannot read zstd`);
  return createZstdDecompress({ chunkSize: CHUNK });
}

/** zstd:chunked blobs may start with a frame to be skipped. */
function isSkippable(bytes: Uint8Array): boolean {
  return (bytes[0]! & 0xf0) === 0x50 && bytes[1] === 0x2a && bytes[2] === 0x4d && bytes[3] === 0x18;
}
