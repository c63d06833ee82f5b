/**
 * The index of a pack: which objects lie where in it. Layout: docs/formats.md, "packs".
 *
 * A pack is one stream of objects, cut into frames that are compressed one by one. Objects smaller than a frame share
 * one and never cross its end; a larger object has frames of its own, all but the last of them full.
 */
import { type Checksum, checksumOf } from "../../digest.ts";
import { AtomicError } from "../../errors.ts";
import { createCborReader, MAX_METADATA_BYTES } from "../cbor-reader.ts";
import { createCborWriter } from "../cbor-writer.ts";
import { OBJECT_TYPES, type ObjectType } from "../object-path.ts";

/** Bytes of the stream in a full frame. */
export const FRAME = 1024 * 1024;
/** What zstd can make of a full frame at worst. */
const MAX_STORED = FRAME + FRAME / 128 + 1024;

export interface PackObject {
  checksum: Checksum;
  type: ObjectType;
  size: number;
  /** Where it starts in the stream. */
  start: number;
}
export interface PackFrame {
  /** Where it starts in the pack, and how many bytes it has there. */
  offset: number;
  stored: number;
  /** Where it starts in the stream, and how many bytes it has there. */
  start: number;
  size: number;
  /** BLAKE3 of its part of the stream. */
  checksum: Checksum;
}
export interface PackIndex {
  /** When the pack was made, in seconds since the epoch. */
  timestamp: number;
  frames: PackFrame[];
  objects: PackObject[];
}

const FORMAT = 1;
const MAX_FRAMES = 1 << 21;
const MAX_OBJECTS = 1 << 21;
const MAX_TIMESTAMP = 253_402_300_799;

/** The bytes of an index; its BLAKE3 names index and pack. */
export function encodePackIndex({ timestamp, frames, objects }: PackIndex): Buffer {
  const out = createCborWriter();
  out.array(4);
  out.integer(FORMAT);
  out.integer(timestamp);
  out.array(3 * frames.length);
  for (const { stored, size, checksum } of frames) {
    out.integer(stored);
    out.integer(size);
    out.checksum(checksum);
  }
  out.array(3 * objects.length);
  for (const { checksum, type, size } of objects) {
    out.checksum(checksum);
    out.integer(OBJECT_TYPES.indexOf(type));
    out.integer(size);
  }
  return out.finish();
}

/**
 * Reads an index, which is untrusted.
 * @throws AtomicError corrupt when it is not the one of that name, invalid when it does not hold together
 */
export function parsePackIndex(bytes: Uint8Array, name: Checksum): PackIndex {
  const found = checksumOf(bytes);
  if (found !== name) throw new AtomicError("corrupt", `reading a pack's index: expected ${name}, found ${found}`);
  const input = createCborReader(bytes, "pack index");
  input.arrayOf(4);
  input.integer(FORMAT, FORMAT);
  const timestamp = input.integer(0, MAX_TIMESTAMP);
  const frames: PackFrame[] = [];
  let [offset, end] = [0, 0];
  for (let left = input.array(3 * MAX_FRAMES); left > 0; left -= 3) {
    const [stored, size] = [input.integer(1, MAX_STORED), input.integer(1, FRAME)];
    frames.push({ offset, stored, start: end, size, checksum: input.checksum() });
    offset += stored;
    end += size;
  }
  const objects: PackObject[] = [];
  let start = 0;
  for (let left = input.array(3 * MAX_OBJECTS); left > 0; left -= 3) {
    const checksum = input.checksum();
    const type = OBJECT_TYPES[input.integer(0, OBJECT_TYPES.length - 1)]!;
    const size = input.integer(1, Math.min(end - start, type === "file" ? Infinity : MAX_METADATA_BYTES));
    objects.push({ checksum, type, size, start });
    start += size;
  }
  input.end();
  if (start !== end)
    throw new AtomicError("invalid", `decoding pack index: ${end} bytes in frames, ${start} in objects`);
  checkCuts(frames, objects);
  return { timestamp, frames, objects };
}

/** @throws AtomicError invalid when an object crosses a frame in another way than described above */
function checkCuts(frames: readonly PackFrame[], objects: readonly PackObject[]): void {
  let at = 0;
  for (const { start, size, checksum } of objects) {
    while (frames[at]!.start + frames[at]!.size <= start) at++;
    const frame = frames[at]!;
    if (start + size <= frame.start + frame.size) continue;
    const last = frames[at + Math.ceil(size / FRAME) - 1];
    if (start !== frame.start || last === undefined || start + size !== last.start + last.size)
      throw new AtomicError("invalid", `decoding pack index: ${checksum} is cut in an unexpected way`);
  }
}
