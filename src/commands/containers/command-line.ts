/** Words as one line that a shell splits into them again. */

/** @returns the line, with nothing in it that a terminal would obey */
export function commandLine(words: readonly string[]): string {
  return words.map(quoted).join(" ");
}

/** A word as a shell takes it, and a terminal shows it: control characters by their numbers. */
function quoted(word: string): string {
  if (/^[A-Za-z0-9_@%+=:,./-]+$/.test(word)) return word;
  // eslint-disable-next-line no-control-regex
  const control = /[\u0000-\u001f\u007f-\u009f]/g;
  if (!control.test(word)) return `'${word.replaceAll("'", "'\\''")}'`;
  const escaped = word.replaceAll(/[\\']/g, "\\$&");
  return `$'${escaped.replaceAll(control, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`)}'`;
}
