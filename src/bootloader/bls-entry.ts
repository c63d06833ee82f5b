/**
 * Boot Loader Specification type #1 entries: `KEY VALUE` lines.
 *
 * An entry keeps every line it was read from, so rewriting one key of someone else's file leaves comments, unknown
 * keys, spacing and the order of lines as they were. All functions are pure; an entry is never changed in place.
 * Spec: https://uapi-group.org/specifications/specs/boot_loader_specification/#type-1-boot-loader-specification-entries
 */
import { AtomicError } from "../errors.ts";

export interface BlsEntry {
  readonly lines: readonly BlsLine[];
}

export interface BlsLine {
  /** The line as it stands in the file, without its line feed. */
  readonly text: string;
  /** Absent for comments, blank lines and whatever a loader skips. */
  readonly field?: BlsField;
}

export interface BlsField {
  readonly key: string;
  readonly value: string;
}

/** Entries are a few hundred bytes; a kernel command line is at most 4 KiB on most architectures. */
export const MAX_ENTRY_SIZE = 64 * 1024;
const MAX_KEY = 64;
const MAX_PATH = 1024;
/** An entry without any of these starts nothing. */
const PAYLOAD_KEYS = ["linux", "efi", "uki", "uki-url"];
/** Keys whose value is one path, or for `devicetree-overlay` several separated by spaces. */
const PATH_KEYS = ["linux", "initrd", "efi", "uki", "devicetree", "devicetree-overlay"];
const FIELD = /^[ \t]*([A-Za-z0-9_-]+)[ \t]+(.+)$/s;

/**
 * Reads the text of an entry file.
 * @throws AtomicError invalid when it is too large, holds control characters, names a path that could leave the boot
 * partition, or names nothing to start
 */
export function parseBlsEntry(text: string): BlsEntry {
  if (text.length > MAX_ENTRY_SIZE) throw invalidEntry(`larger than ${MAX_ENTRY_SIZE} characters`);
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  const entry = { lines: lines.map(parseLine) };
  if (!PAYLOAD_KEYS.some((key) => getField(entry, key) !== undefined)) {
    throw invalidEntry(`none of ${PAYLOAD_KEYS.join(", ")} is set`);
  }
  return entry;
}

/** The text of an entry file; every line that was read is written as it was. */
export function formatBlsEntry(entry: BlsEntry): string {
  return entry.lines.map((line) => `${line.text}\n`).join("");
}

/** An entry with the given fields in the given order. @throws AtomicError invalid as `parseBlsEntry` does */
export function createBlsEntry(fields: readonly BlsField[]): BlsEntry {
  return parseBlsEntry(formatBlsEntry({ lines: fields.map(createLine) }));
}

/** The value of `key`, the last one when it is repeated; undefined when it is not set. */
export function getField(entry: BlsEntry, key: string): string | undefined {
  return getFields(entry, key).at(-1);
}

/** Every value of `key`, in file order: for `initrd` and `options`, which may be repeated. */
export function getFields(entry: BlsEntry, key: string): string[] {
  return entry.lines.flatMap(({ field }) => (field?.key === key ? [field.value] : []));
}

/**
 * The entry with `values` as the values of `key`: they stand where its first value stood, or at the end if it had
 * none. No value removes the key.
 * @throws AtomicError invalid for a value that is empty, spans lines or is no safe path where one is expected
 */
export function setFields(entry: BlsEntry, key: string, values: readonly string[]): BlsEntry {
  const added = values.map((value) => createLine({ key, value }));
  const first = entry.lines.findIndex(({ field }) => field?.key === key);
  const at = first === -1 ? entry.lines.length : first;
  const others = entry.lines.slice(at).filter(({ field }) => field?.key !== key);
  return { lines: [...entry.lines.slice(0, at), ...added, ...others] };
}

function parseLine(text: string): BlsLine {
  // A carriage return may end a line; anywhere else a loader would show or execute something other than we read.
  // eslint-disable-next-line no-control-regex
  const control = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/.exec(text.replace(/\r$/, ""));
  if (control !== null) throw invalidEntry(`control character ${JSON.stringify(control[0])} in a line`);

  const [, key, value] = FIELD.exec(trimEnd(text)) ?? [];
  if (key === undefined || value === undefined) return { text };
  if (key.length > MAX_KEY) throw invalidEntry(`a key is longer than ${MAX_KEY} characters`);
  if (PATH_KEYS.includes(key)) checkPaths(key, value);
  return { text, field: { key, value } };
}

/** Not a regular expression: those take quadratic time on a long run of blanks. */
function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && " \t\r".includes(text.charAt(end - 1))) end--;
  return text.slice(0, end);
}

function createLine(field: BlsField): BlsLine {
  const line = parseLine(`${field.key} ${field.value}`);
  if (line.field?.key !== field.key || line.field.value !== field.value || line.text.includes("\n")) {
    throw invalidEntry(`'${field.key}' cannot hold ${JSON.stringify(field.value)}`);
  }
  return line;
}

function checkPaths(key: string, value: string): void {
  for (const path of key === "devicetree-overlay" ? value.split(/[ \t]+/) : [value]) {
    if (path.length > MAX_PATH) throw invalidEntry(`the path of '${key}' is longer than ${MAX_PATH} characters`);
    const components = path.replace(/^\//, "").split("/");
    // FAT loaders take a backslash for a separator.
    if (components.some((component) => ["", ".", ".."].includes(component)) || path.includes("\\")) {
      throw invalidEntry(`'${key}' names the unsafe path ${JSON.stringify(path)}`);
    }
  }
}

function invalidEntry(reason: string): AtomicError {
  return new AtomicError("invalid", `reading a boot entry: ${reason}`);
}
