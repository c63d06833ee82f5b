/** Differences of two text files as `diff -u` shows them. */
import { diffIndices } from "node-diff3";
import { splitLines } from "./split-lines.ts";

const CONTEXT = 3;
const NO_NEWLINE = "\\ No newline at end of file\n";

export interface DiffSides {
  /** The name and content before; no name for a file that is new. */
  before: { name: string; content: Buffer };
  after: { name: string; content: Buffer };
}

/** The unified diff of two texts; the empty string when they are equal. */
export function unifiedDiff({ before, after }: DiffSides): string {
  const [a, b] = [splitLines(before.content), splitLines(after.content)];
  const changes = diffIndices(a, b).map(({ buffer1, buffer2 }) => ({
    a: { start: buffer1[0], length: buffer1[1] },
    b: { start: buffer2[0], length: buffer2[1] },
  }));
  if (changes.length === 0) return "";
  const hunks = group(changes).map((hunk) => formatHunk(hunk, a, b));
  return `--- ${before.name}\n+++ ${after.name}\n${hunks.join("")}`;
}

interface Span {
  start: number;
  length: number;
}
interface Difference {
  a: Span;
  b: Span;
}

/** Changes whose context would touch or overlap share a hunk. */
function group(changes: readonly Difference[]): Difference[][] {
  const hunks: Difference[][] = [];
  let end = -Infinity;
  for (const change of changes) {
    if (change.a.start - end > 2 * CONTEXT) hunks.push([]);
    hunks.at(-1)!.push(change);
    end = change.a.start + change.a.length;
  }
  return hunks;
}

function formatHunk(changes: readonly Difference[], a: readonly string[], b: readonly string[]): string {
  const first = changes[0]!;
  const last = changes.at(-1)!;
  const lead = Math.min(CONTEXT, first.a.start);
  const from = first.a.start - lead;
  const to = Math.min(a.length, last.a.start + last.a.length + CONTEXT);
  const trail = to - (last.a.start + last.a.length);
  const bFrom = first.b.start - lead;
  const bTo = last.b.start + last.b.length + trail;

  let text = `@@ -${range(from, to - from)} +${range(bFrom, bTo - bFrom)} @@\n`;
  let at = from;
  for (const change of changes) {
    text += lines(" ", a.slice(at, change.a.start));
    text += lines("-", a.slice(change.a.start, change.a.start + change.a.length));
    text += lines("+", b.slice(change.b.start, change.b.start + change.b.length));
    at = change.a.start + change.a.length;
  }
  return text + lines(" ", a.slice(at, to));
}

function lines(mark: string, content: readonly string[]): string {
  return content.map((line) => (line.endsWith("\n") ? mark + line : `${mark}${line}\n${NO_NEWLINE}`)).join("");
}

/** An empty range names the line before it. */
function range(start: number, length: number): string {
  if (length === 0) return `${start},0`;
  return length === 1 ? String(start + 1) : `${start + 1},${length}`;
}
