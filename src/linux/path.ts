/** Paths as callers give them, as C wants them and as messages show them. */
import { readlinkSync } from "node:fs";
import type { Text } from "../bytes.ts";
import { fromBytes, fromText, toText } from "../bytes.ts";
import { AtomicError } from "../errors.ts";

/**
 * A path: text is encoded as UTF-8, bytes are used as they are. Neither may hold a NUL. A `ByteString` is neither (its
 * bytes would be encoded twice): pass `toPath(…)` of it.
 */
export type PathArg = Text | Uint8Array;

/** In place of a directory descriptor: relative paths start at the working directory. */
export const AT_FDCWD = -100;

const PATH_MAX = 4096;
const encoder = new TextEncoder();
const scratch: [Uint8Array?, Uint8Array?] = [];

/**
 * `path` as a NUL-terminated C string in one of two reused buffers: valid until the next call with the same `slot`.
 * @throws AtomicError invalid when it holds a NUL
 */
export function cPath(path: PathArg, slot: 0 | 1 = 0): Uint8Array {
  const buffer = (scratch[slot] ??= new Uint8Array(PATH_MAX + 1));
  if (typeof path === "string") {
    if (path.includes("\0")) throw embeddedNul(path);
    const { read, written } = encoder.encodeInto(path, buffer);
    if (read < path.length || written > PATH_MAX) return cString(path);
    buffer[written] = 0;
    return buffer;
  }
  if (path.length > PATH_MAX) return cString(path);
  if (path.includes(0)) throw embeddedNul(path);
  buffer.set(path);
  buffer[path.length] = 0;
  return buffer;
}

/** `value` as a NUL-terminated C string of its own. @throws AtomicError invalid when it holds a NUL */
export function cString(value: PathArg): Uint8Array {
  if (value.includes("\0" as never) || (typeof value !== "string" && value.includes(0))) throw embeddedNul(value);
  const bytes = typeof value === "string" ? Buffer.from(value, "utf8") : value;
  const result = new Uint8Array(bytes.length + 1);
  result.set(bytes);
  return result;
}

/** `path` for a message: printable, one line. */
export function shownPath(path: PathArg): string {
  return toText(typeof path === "string" ? fromText(path) : fromBytes(path));
}

/** The file a call was about, for a message: `path` with the directory it starts at, or the open file's own path. */
export function shownAt(fd: number | undefined, path: PathArg | undefined): string {
  const shown = path === undefined ? "" : shownPath(path);
  if (fd === undefined || fd === AT_FDCWD || shown.startsWith("/")) return shown;
  return shown === "" ? shownFd(fd) : `${shownFd(fd)}/${shown}`;
}

function shownFd(fd: number): string {
  try {
    return toText(fromBytes(readlinkSync(`/proc/self/fd/${fd}`, { encoding: "buffer" })));
  } catch {
    return `file descriptor ${fd}`;
  }
}

function embeddedNul(value: PathArg): AtomicError {
  return new AtomicError("invalid", `using the path ${shownPath(value)}: it holds a NUL byte`);
}
