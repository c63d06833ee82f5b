/** The streams a delta's pieces lie in, kept apart because each kind of bytes compresses best among its own. */
import { type ByteWriter, createByteWriter } from "./byte-writer.ts";

/** What is in which stream: docs/formats.md, "delta". */
export const STREAMS = ["operations", "gaps", "changes", "literals"] as const;
export type Streams<T> = Record<(typeof STREAMS)[number], T>;

/** One of something for each stream. */
export function eachStream<T>(make: (name: (typeof STREAMS)[number]) => T): Streams<T> {
  return {
    operations: make("operations"),
    gaps: make("gaps"),
    changes: make("changes"),
    literals: make("literals"),
  };
}

/** Empty streams to write to. */
export function createStreams(): Streams<ByteWriter> {
  return eachStream(createByteWriter);
}
