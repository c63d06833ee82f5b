/** Three-way merge of text files, line by line. */
import { isUtf8 } from "node:buffer";
import { diff3MergeRegions } from "node-diff3";
import { splitLines } from "./split-lines.ts";

/** Larger files are configuration only by accident. Bytes. */
export const MAX_TEXT = 1024 * 1024;
/** The line matching is quadratic for repetitive files: this keeps the worst case well under a second. */
const MAX_LINES = 20_000;

/**
 * Merges the changes `base` → `ours` and `base` → `theirs`.
 * @returns undefined when both changed the same or touching lines differently, or when one of the three is not text:
 *   valid UTF-8 without NUL, at most 1 MiB and 20,000 lines
 */
export function mergeText(base: Buffer, ours: Buffer, theirs: Buffer): Buffer | undefined {
  if (![base, ours, theirs].every(isText)) return undefined;
  const [o, a, b] = [splitLines(base), splitLines(ours), splitLines(theirs)];
  const merged: string[] = [];
  for (const region of diff3MergeRegions(a, o, b)) {
    if (region.stable) merged.push(region.bufferContent.join(""));
    else if (region.aContent.join("") === region.bContent.join("")) merged.push(region.aContent.join(""));
    else return undefined;
  }
  return Buffer.from(merged.join(""), "utf8");
}

/** True for what may be merged or shown line by line. */
export function isText(bytes: Buffer): boolean {
  if (bytes.length > MAX_TEXT || bytes.includes(0) || !isUtf8(bytes)) return false;
  let lines = 0;
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) lines++;
  return lines <= MAX_LINES;
}
