/** Windows: large objects are made in pieces, each from the same region of the base, so that memory stays bounded. */

/** Bytes of an object that are made at a time. */
const WINDOW = 128 * 1024 * 1024;
/** How far beyond the window's own region the base is used, to both sides. */
const MARGIN = 32 * 1024 * 1024;

/** A run of bytes in a file. */
export interface Region {
  at: number;
  size: number;
}

/** The windows of an object of `size` bytes. */
export function windowsOf(size: number): Region[] {
  const count = Math.ceil(size / WINDOW);
  return Array.from({ length: count }, (_, i) => ({ at: i * WINDOW, size: Math.min(WINDOW, size - i * WINDOW) }));
}

/** What a base of `size` bytes gives to the window that begins at `at`. */
export function baseRegion(at: number, size: number): Region {
  const start = Math.min(Math.max(at - MARGIN, 0), size);
  return { at: start, size: Math.min(at + WINDOW + MARGIN, size) - start };
}
