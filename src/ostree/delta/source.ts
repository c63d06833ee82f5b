/** What an object is made from: the bytes of others, one after the other. */
import { AtomicError } from "../../errors.ts";
import { close, O_NOFOLLOW, O_RDONLY, open, pread } from "../../linux/index.ts";
import { baseRegion, type Region } from "./window.ts";

/** A file of objects, or bytes at hand. */
export type Source = { path: string; size: number } | { bytes: Uint8Array; size: number };

/** The most that the sources of one window may have together. */
const MAX_SOURCE_BYTES = 512 * 1024 * 1024;

/**
 * What the sources give to the window that begins at `at`. File objects are not checked against their names here:
 * what is made of them is checked against its own.
 * @throws AtomicError invalid when it is more than we hold in memory; KernelError
 */
export function readSources(sources: readonly Source[], at: number): Uint8Array {
  const regions = sources.map(({ size }) => baseRegion(at, size));
  const total = regions.reduce((sum, { size }) => sum + size, 0);
  if (total > MAX_SOURCE_BYTES) {
    throw new AtomicError(
      "invalid",
      `reading what an object is made from: expected at most ${MAX_SOURCE_BYTES} bytes, found ${total}`,
    );
  }
  const result = new Uint8Array(total);
  let place = 0;
  sources.forEach((source, i) => {
    const region = regions[i]!;
    readRegion(source, region, result.subarray(place, place + region.size));
    place += region.size;
  });
  return result;
}

/** Fills `into` with a region of a source. @throws KernelError */
export function readRegion(source: Source, { at, size }: Region, into: Uint8Array): void {
  if ("bytes" in source) {
    into.set(source.bytes.subarray(at, at + size));
    return;
  }
  const fd = open(source.path, O_RDONLY | O_NOFOLLOW);
  try {
    pread(fd, into, at);
  } finally {
    close(fd);
  }
}
