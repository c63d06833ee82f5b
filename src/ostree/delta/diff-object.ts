/** The difference of one object, ready to be put behind others: what the threads of `generateDelta` compute. */
import { createByteReader } from "./byte-reader.ts";
import { diffBytes } from "./diff-bytes.ts";
import { patchBytes } from "./patch-bytes.ts";
import { readRegion, readSources, type Source } from "./source.ts";
import { createStreams, eachStream, type Streams } from "./streams.ts";
import { windowsOf } from "./window.ts";

/** One object and what it is made from. */
export interface DiffJob {
  target: Source;
  sources: Source[];
}

/**
 * The pieces of each of the object's windows. What is returned has been applied once, by the code that hosts run.
 * @throws KernelError when an object cannot be read
 */
export function diffObject({ target, sources }: DiffJob): Streams<Uint8Array> {
  const out = createStreams();
  for (const window of windowsOf(target.size)) {
    const next = new Uint8Array(window.size);
    readRegion(target, window, next);
    const base = readSources(sources, window.at);
    const before = eachStream((name) => out[name].finish().length);
    diffBytes(base, next, out);
    const written = eachStream((name) => createByteReader(out[name].finish().subarray(before[name]), name));
    if (!Buffer.from(patchBytes(base, next.length, written).buffer).equals(next)) {
      throw new Error("a difference does not make what it was made from");
    }
  }
  return eachStream((name) => out[name].finish());
}
