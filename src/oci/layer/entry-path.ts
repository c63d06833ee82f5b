/** Names in a layer: where they lie in the tree, and what whiteouts they are. */
import { type ByteString, toText } from "../../bytes.ts";
import { AtomicError } from "../../errors.ts";

/** Linux: NAME_MAX and PATH_MAX. */
const MAX_NAME = 255;
const MAX_PATH = 4095;

/** Begins the name of a file that deletes the rest of its name from lower layers. */
export const WHITEOUT = ".wh.";
/** In a directory: nothing of lower layers is in it. */
export const OPAQUE = ".wh..wh..opq" as ByteString;
/** Begins names that aufs kept for itself. */
const AUFS = ".wh..wh.";

/**
 * The components of an archive's name; none for the root. `./`, double slashes and a slash at the end mean nothing.
 * @param what the layer, for messages
 * @throws AtomicError invalid on an absolute name, `..`, NUL, or more than the kernel takes
 */
export function entryPath(name: ByteString, what: string): ByteString[] {
  const parts = name.split("/").filter((part) => part !== "" && part !== ".") as ByteString[];
  const why = name.startsWith("/")
    ? "its name is absolute"
    : name === "" || name.length > MAX_PATH
      ? `its name has ${name.length} bytes`
      : whyIllegal(parts);
  if (why !== undefined) throw refused(what, name, why);
  return parts;
}

/** The components of a hard link's target, which is always meant from the root. @throws AtomicError invalid */
export function linkPath(target: ByteString, what: string): ByteString[] {
  return entryPath(target.replace(/^\/+/, "") as ByteString, what);
}

/** What an entry's last component means beside naming a file. */
export type Special = { kind: "whiteout"; hides: ByteString } | { kind: "opaque" } | { kind: "ignored" };

/** @throws AtomicError invalid on a whiteout of no name, `.` or `..`, or on something below a whiteout */
export function specialName(parts: readonly ByteString[], what: string): Special | undefined {
  const at = parts.findIndex((part) => part.startsWith(WHITEOUT));
  const name = parts[at];
  if (name === undefined) return undefined;
  if (name.startsWith(AUFS) && name !== OPAQUE) return { kind: "ignored" };
  if (at !== parts.length - 1) throw refused(what, pathOf(parts), "it is below a whiteout");
  if (name === OPAQUE) return { kind: "opaque" };
  const hides = name.slice(WHITEOUT.length) as ByteString;
  if (hides === "" || hides === "." || hides === "..") throw refused(what, pathOf(parts), "a whiteout of no name");
  return { kind: "whiteout", hides };
}

/** An error that names an entry of a layer. */
export function refused(what: string, name: ByteString, why: string): AtomicError {
  return new AtomicError("invalid", `reading ${what}: refused ${JSON.stringify(toText(name).slice(0, 300))}: ${why}`);
}

/** The components as one absolute path. */
export function pathOf(parts: readonly ByteString[]): ByteString {
  return `/${parts.join("/")}` as ByteString;
}

function whyIllegal(parts: readonly ByteString[]): string | undefined {
  if (parts.includes(".." as ByteString)) return "its name contains ..";
  if (parts.some((part) => part.includes("\0"))) return "its name contains NUL";
  return parts.some((part) => part.length > MAX_NAME)
    ? `a part of its name has more than ${MAX_NAME} bytes`
    : undefined;
}
