/** Making an object of its sources and its place in the streams: what hosts do, and publishers to check their work. */
import { AtomicError } from "../../errors.ts";
import type { ByteReader } from "./byte-reader.ts";
import { MAX_PACKING, MAX_UNPACKED_BYTES, pack, PLAIN, unpackBase } from "./packing.ts";
import { patchBytes } from "./patch-bytes.ts";
import { readSources, type Source } from "./source.ts";
import type { Streams } from "./streams.ts";
import { windowsOf } from "./window.ts";

/**
 * The object's bytes, window by window. The streams are untrusted; that the bytes are the right ones is the caller's to
 * check.
 * @param size the object's size in bytes
 * @throws AtomicError invalid when the streams do not make so many bytes of what the sources have
 */
export function* makeObject(
  size: number,
  sources: readonly Source[],
  streams: Streams<ByteReader>,
): Generator<Uint8Array> {
  const packing = streams.operations.varint(MAX_PACKING);
  if (packing === PLAIN) {
    for (const window of windowsOf(size)) yield patchBytes(readSources(sources, window.at), window.size, streams);
    return;
  }
  const unpackedSize = streams.operations.varint(MAX_UNPACKED_BYTES);
  const base = packedBase(unpackBase(packing, readSources(sources.slice(0, 1), 0)), sources);
  const bytes = pack(packing, patchBytes(base, unpackedSize, streams));
  if (bytes.length !== size) {
    throw new AtomicError("invalid", `applying a delta: expected an object of ${size} bytes, packed ${bytes.length}`);
  }
  yield bytes;
}

/** What a packed file is made from: its first source unpacked, and the others as they are. */
export function packedBase(first: Uint8Array, sources: readonly Source[]): Uint8Array {
  return sources.length < 2 ? first : Buffer.concat([first, readSources(sources.slice(1), 0)]);
}
