/** The files of a published store that others read: a summary, packs and deltas. Nothing else of it is anybody's business. */
const CHECKSUM = "[0-9a-f]{64}";
const SERVED = new RegExp(`^(?:summary|packs/${CHECKSUM}\\.(?:index|pack)|deltas/${CHECKSUM}-${CHECKSUM}\\.delta)$`);

/** True for the path of a file that is served, from the store's directory; it cannot lead anywhere else. */
export function isServed(path: string): boolean {
  return SERVED.test(path);
}

/** True when the bytes of that path never change: its name is made of them. */
export function isImmutable(path: string): boolean {
  return path.startsWith("packs/");
}

/** Where a delta lies. */
export function deltaName({ from, to }: { from: string; to: string }): string {
  return `deltas/${from}-${to}.delta`;
}
