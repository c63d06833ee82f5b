/** Files that a compose file describes itself: text, bytes, links and directories by path. */
import { bad, isPlainMap, Keys, LINE, show } from "./document.ts";
import { MAX_NOISE, noise } from "./noise.ts";

/** A file that the compose file itself describes. Modes are permission bits (07777). */
export type InlineFile =
  | { kind: "file"; content: Buffer; mode: number; uid: number; gid: number }
  | { kind: "directory"; mode: number; uid: number; gid: number }
  | { kind: "symlink"; target: string }
  | { kind: "hardlink"; target: string };

/** Ways to describe a file; each stands alone. */
export const INLINE_KINDS = ["content", "base64", "noise", "symlink", "hardlink", "directory"] as const;
const MAX_FILES = 10_000;
const MAX_ID = 0xffff_fffe;

/**
 * Checks a path relative to the tree's root, given without a leading slash.
 * @throws AtomicError invalid on an absolute path, `..`, `.`, an empty part or a control character
 */
export function checkPath(path: string, key: string): string {
  const parts = path.split("/");
  if (!LINE.test(path) || path.length > 4095 || parts.some((part) => part === "" || part === "." || part === "..")) {
    throw bad(`${key}: expected a path relative to the root of the tree, without '..', found ${show(path)}`);
  }
  return path;
}

/** Checks the `files` of a document; a path that is null is left out. @throws AtomicError invalid, naming the path */
export function parseFiles(value: unknown): Map<string, InlineFile> {
  const files = new Map<string, InlineFile>();
  if (value === undefined) return files;
  const entries = isPlainMap(value) ? Object.entries(value) : undefined;
  if (entries === undefined || entries.length > MAX_FILES)
    throw bad(`files: expected a map of at most ${MAX_FILES} paths`);
  for (const [path, description] of entries) {
    if (description !== null) files.set(checkPath(path, "files"), parseInline(path, description)); // null takes an inherited file out
  }
  return files;
}

function parseInline(path: string, description: unknown): InlineFile {
  const where = `files ${show(path)}`;
  if (typeof description === "string")
    return { kind: "file", content: Buffer.from(description), mode: 0o644, uid: 0, gid: 0 };
  if (!isPlainMap(description)) throw bad(`${where}: expected text or a map, found ${show(description)}`);
  const keys = new Keys(description, where);
  const kinds = INLINE_KINDS.filter((kind) => Object.hasOwn(description, kind));
  if (kinds.length !== 1) throw bad(`${where}: expected one of ${INLINE_KINDS.join(", ")}, found ${kinds.length}`);
  const file = parseKind(keys, kinds[0] as string, where);
  keys.end();
  return file;
}

function parseKind(keys: Keys, kind: string, where: string): InlineFile {
  if (kind === "symlink") return { kind, target: keys.required("symlink", LINE) };
  if (kind === "hardlink") return { kind, target: checkPath(keys.required("hardlink", LINE), where) };
  const inode = {
    mode: keys.mode(kind === "directory" ? 0o755 : 0o644),
    uid: keys.number("uid", MAX_ID),
    gid: keys.number("gid", MAX_ID),
  };
  if (kind === "directory") {
    if (keys.take("directory") !== true) throw bad(`${where}: directory: expected true`);
    return { kind, ...inode };
  }
  if (kind === "noise")
    return { kind: "file", content: parseNoise(keys.map("noise") ?? new Keys({}, where)), ...inode };
  const text = keys.required(kind, /^[^]*$/);
  const content = Buffer.from(text, kind === "base64" ? "base64" : "utf8");
  if (kind === "base64" && content.toString("base64") !== text.replace(/\s/g, ""))
    throw bad(`${where}: base64: malformed`);
  return { kind: "file", content, ...inode };
}

function parseNoise(keys: Keys): Buffer {
  const content = noise(keys.required("seed", LINE), keys.number("bytes", MAX_NOISE));
  keys.end();
  return content;
}
