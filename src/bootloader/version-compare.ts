/**
 * Version comparison as boot loaders do it.
 * Spec: https://uapi-group.org/specifications/specs/version_format_specification/ (UAPI.10)
 */
import { compareBytes } from "../bytes.ts";

/** Separators in the order the specification looks at them: a version that has one is lower than one that has not. */
const SEPARATORS = ["-", "^", "."];

/**
 * Orders two versions: negative when `a` is the older, positive when it is the newer, 0 when they are equal.
 *
 * Where the specification is silent (`a` against `0`) this follows systemd-boot: a number is newer than no number.
 */
export function compareVersions(a: string, b: string): number {
  for (;;) {
    a = skipForeign(a);
    b = skipForeign(b);

    if (a.startsWith("~") !== b.startsWith("~")) return a.startsWith("~") ? -1 : 1;
    if (a.startsWith("~")) [a, b] = [a.slice(1), b.slice(1)];

    if (a === "" || b === "") return a.length - b.length;

    for (const separator of SEPARATORS) {
      if (a.startsWith(separator) !== b.startsWith(separator)) return a.startsWith(separator) ? -1 : 1;
      if (a.startsWith(separator)) [a, b] = [a.slice(1), b.slice(1)];
    }

    const runs = /^[0-9]/.test(a) || /^[0-9]/.test(b) ? DIGITS : LETTERS;
    const [runA, runB] = [runs.exec(a)![0], runs.exec(b)![0]];
    const order = runs === DIGITS ? compareNumbers(runA, runB) : compareBytes(runA, runB);
    if (order !== 0) return order;
    [a, b] = [a.slice(runA.length), b.slice(runB.length)];
  }
}

const DIGITS = /^[0-9]*/;
const LETTERS = /^[A-Za-z]*/;

/** Compares runs of digits of any length; an empty one is lower than any number. */
function compareNumbers(a: string, b: string): number {
  if (a === "" || b === "") return a.length - b.length;
  const [valueA, valueB] = [a.replace(/^0+/, ""), b.replace(/^0+/, "")];
  return valueA.length - valueB.length || compareBytes(valueA, valueB);
}

function skipForeign(version: string): string {
  return version.replace(/^[^A-Za-z0-9~\-^.]+/, "");
}
