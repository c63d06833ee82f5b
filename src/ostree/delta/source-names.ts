/** How a delta names what an object is made from. */
import { AtomicError } from "../../errors.ts";
import type { ByteReader } from "./byte-reader.ts";
import type { ByteWriter } from "./byte-writer.ts";

/** The table of objects; the n-th object of the old commit; or the n-th object of the delta, made before. */
export interface SourceName {
  kind: "table" | "old" | "new";
  index: number;
}

const KINDS = ["table", "old", "new"] as const;
const MAX_SOURCES = 4096;

/** Writes their number, then for each index × 3 + kind. */
export function writeSourceNames(out: ByteWriter, names: readonly SourceName[]): void {
  out.varint(names.length);
  for (const { kind, index } of names) out.varint(index * KINDS.length + KINDS.indexOf(kind));
}

/**
 * Reads what `writeSourceNames` wrote.
 * @param counts how many there are of each kind at this place
 * @throws AtomicError invalid when one names nothing
 */
export function readSourceNames(input: ByteReader, counts: Record<SourceName["kind"], number>): SourceName[] {
  return Array.from({ length: input.varint(MAX_SOURCES) }, () => {
    const code = input.varint(Number.MAX_SAFE_INTEGER);
    const kind = KINDS[code % KINDS.length]!;
    const index = Math.floor(code / KINDS.length);
    if (index >= counts[kind]) {
      throw new AtomicError("invalid", `applying a delta: ${kind} source ${index} of ${counts[kind]}`);
    }
    return { kind, index };
  });
}
