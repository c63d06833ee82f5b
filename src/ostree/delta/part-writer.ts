/** Gathering the streams of many objects into parts, and compressing those while the next are made. */
import { promisify } from "node:util";
import { constants, zstdCompress } from "node:zlib";
import { checksumOf } from "../../digest.ts";
import type { ByteWriter } from "./byte-writer.ts";
import type { DeltaBlock, DeltaPart } from "./delta-head.ts";
import { createStreams, eachStream, type Streams, STREAMS } from "./streams.ts";

export interface PartWriter {
  /** Where the next object is written. */
  readonly streams: Streams<ByteWriter>;
  /** The object is complete. */
  endObject(): void;
  /** All parts, and their bytes in the order of the file. */
  finish(): Promise<{ parts: DeltaPart[]; content: Uint8Array[] }>;
}

/** A part ends when its streams have this many bytes. With one more object they stay below `MAX_RAW_BYTES`. */
const PART_BYTES = 64 * 1024 * 1024;
const COMPRESSION = { [constants.ZSTD_c_compressionLevel]: 19, [constants.ZSTD_c_windowLog]: 27 };

export function createPartWriter(): PartWriter {
  const finished: Promise<{ part: DeltaPart; content: Uint8Array[] }>[] = [];
  let streams = createStreams();
  let objects = 0;
  const endPart = (): void => {
    finished.push(compressPart(streams, objects));
    streams = createStreams();
    objects = 0;
  };
  return {
    get streams() {
      return streams;
    },
    endObject() {
      objects += 1;
      if (STREAMS.reduce((sum, name) => sum + streams[name].finish().length, 0) >= PART_BYTES) endPart();
    },
    async finish() {
      if (objects > 0) endPart();
      const all = await Promise.all(finished);
      return { parts: all.map(({ part }) => part), content: all.flatMap(({ content }) => content) };
    },
  };
}

async function compressPart(
  streams: Streams<ByteWriter>,
  objects: number,
): Promise<{ part: DeltaPart; content: Uint8Array[] }> {
  const blocks = await Promise.all(STREAMS.map((name) => compressBlock(streams[name].finish())));
  const byName = eachStream((name) => blocks[STREAMS.indexOf(name)]!.block);
  return { part: { objects, streams: byName }, content: blocks.map(({ bytes }) => bytes) };
}

/** `raw` compressed, and its entry in the head. */
export async function compressBlock(raw: Uint8Array): Promise<{ block: DeltaBlock; bytes: Uint8Array }> {
  const bytes = await promisify(zstdCompress)(raw, { params: COMPRESSION });
  return { block: { size: bytes.length, rawSize: raw.length, checksum: checksumOf(bytes) }, bytes };
}
