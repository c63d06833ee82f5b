/** The difference of one object, ready to be put behind others: what the threads of `generateDelta` compute. */
import { isAtomicError } from "../../errors.ts";
import { createByteReader } from "./byte-reader.ts";
import { diffBytes } from "./diff-bytes.ts";
import { makeObject, packedBase } from "./make-object.ts";
import { PLAIN, type Unpacked, unpackings } from "./packing.ts";
import { readRegion, readSources, type Source } from "./source.ts";
import { createStreams, eachStream, type Streams } from "./streams.ts";
import { type Region, windowsOf } from "./window.ts";

/** One object and what it is made from. */
export interface DiffJob {
  target: Source;
  sources: Source[];
}

/**
 * What `makeObject` makes the object of. It has been made once, by the code that hosts run: a file that cannot be
 * compressed again to its very bytes is differenced as it is.
 * @throws KernelError when an object cannot be read
 */
export function diffObject(job: DiffJob): Streams<Uint8Array> {
  const windows = windowsOf(job.target.size);
  if (windows.length === 1) {
    const first = readSources(job.sources.slice(0, 1), 0);
    for (const unpacked of unpackings(first, readWindow(job.target, windows[0]!))) {
      const streams = diffUnpacked({ ...unpacked, base: packedBase(unpacked.base, job.sources) });
      if (makes(job, streams)) return streams;
    }
  } else {
    const streams = diffWindows(job, windows);
    if (makes(job, streams)) return streams;
  }
  throw new Error("a difference does not make what it was made from");
}

function diffUnpacked({ packing, base, next }: Unpacked): Streams<Uint8Array> {
  const out = createStreams();
  out.operations.varint(packing);
  if (packing !== PLAIN) out.operations.varint(next.length);
  diffBytes(base, next, out);
  return eachStream((name) => out[name].finish());
}

function diffWindows({ target, sources }: DiffJob, windows: readonly Region[]): Streams<Uint8Array> {
  const out = createStreams();
  out.operations.varint(PLAIN);
  for (const window of windows) diffBytes(readSources(sources, window.at), readWindow(target, window), out);
  return eachStream((name) => out[name].finish());
}

function makes({ target, sources }: DiffJob, streams: Streams<Uint8Array>): boolean {
  const readers = eachStream((name) => createByteReader(streams[name], name));
  let at = 0;
  try {
    for (const made of makeObject(target.size, sources, readers)) {
      const wanted = readWindow(target, { at, size: made.length });
      if (Buffer.compare(made, wanted) !== 0) return false;
      at += made.length;
    }
  } catch (error) {
    // Compressed again it has another length.
    if (isAtomicError(error, "invalid")) return false;
    throw error;
  }
  return true;
}

function readWindow(target: Source, window: Region): Uint8Array {
  const bytes = new Uint8Array(window.size);
  readRegion(target, window, bytes);
  return bytes;
}
