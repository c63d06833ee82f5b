/** Choosing what each new object is made from: the old one whose path is most like its own. */
import type { NamedObject } from "./delta-objects.ts";

/** The index of an object's base among the old ones; undefined when none resembles it. */
export type ChooseBase = (object: NamedObject) => number | undefined;

/**
 * The chooser among `bases`. The same path is best; then a path that differs in numbers only, as a versioned directory
 * or library does; then a file of the same name, numbers aside, elsewhere.
 */
export function createBaseChooser(bases: readonly NamedObject[]): ChooseBase {
  const byPath = new Map<string, number[]>();
  const byName = new Map<string, number[]>();
  bases.forEach(({ type, by }, i) => {
    const path = withoutNumbers(by);
    add(byPath, `${type}:${path}`, i);
    if (type === "file") add(byName, nameOf(path), i);
  });
  return ({ type, by, size }) => {
    if (type === "commit") return bases.findIndex((base) => base.type === "commit");
    const path = withoutNumbers(by);
    const candidates = byPath.get(`${type}:${path}`) ?? (type === "file" ? byName.get(nameOf(path)) : undefined);
    return candidates === undefined ? undefined : mostLike(by, size, candidates);
  };

  function mostLike(path: string, size: number, candidates: readonly number[]): number {
    const rank = (i: number): number => {
      const base = bases[i]!;
      return likeness(base.by, path) - Math.abs(base.size - size) / (base.size + size + 1);
    };
    return candidates.reduce((best, i) => (rank(i) > rank(best) ? i : best));
  }
}

function add(map: Map<string, number[]>, key: string, value: number): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, [value]);
  else if (values.length < MAX_CANDIDATES) values.push(value);
}

/** Names that very many files share say little about any of them. */
const MAX_CANDIDATES = 200;

function withoutNumbers(path: string): string {
  return path.replace(/\d+/g, "0");
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** The most important difference is the one nearest to the end: `nfsv3.ko` is not the old `nfsv4.ko`. */
function likeness(a: string, b: string): number {
  const most = Math.min(a.length, b.length);
  let head = 0;
  while (head < most && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < most - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  return head + tail * 4;
}
