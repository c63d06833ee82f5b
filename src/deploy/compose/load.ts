/** From a compose file's path to what it says: `extends`, overlay paths and settings are resolved here. */
import { readFileSync, realpathSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { AtomicError } from "../../errors.ts";
import { type ComposeDocument, isPlainMap, parseComposeDocument, parseSetting } from "./document.ts";
import { type ComposeFile, parseComposeFile } from "./file.ts";
import { INLINE_KINDS } from "./inline.ts";

const MAX_EXTENDS = 8;

/**
 * Reads a compose file and the ones it extends. `settings` (`debian.updates=true`) override what they say.
 * @throws AtomicError not-found, invalid (which names the file), usage on a malformed setting
 */
export function loadComposeFile(path: string, settings: readonly string[] = []): ComposeFile {
  let document = readDocument(resolve(path), 0);
  for (const setting of settings) {
    const { path: keys, value } = parseSetting(setting);
    document = extendDocument(
      document,
      keys.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as ComposeDocument,
    );
  }
  return named(path, () => parseComposeFile(document));
}

/** `own` over `base`: maps are joined key by key, everything else is replaced. */
function extendDocument(base: ComposeDocument, own: ComposeDocument): ComposeDocument {
  const result = new Map(Object.entries(base));
  for (const [key, value] of Object.entries(own)) {
    const inherited = result.get(key);
    result.set(
      key,
      isPlainMap(inherited) && isPlainMap(value) && !isFileEntry(inherited) ? extendDocument(inherited, value) : value,
    );
  }
  return Object.fromEntries(result);
}

/** A described file is one thing: it is replaced whole, so that content never meets another file's mode. */
function isFileEntry(value: Record<string, unknown>): boolean {
  return INLINE_KINDS.some((kind) => Object.hasOwn(value, kind));
}

function readDocument(path: string, depth: number): ComposeDocument {
  if (depth > MAX_EXTENDS)
    throw new AtomicError("invalid", `reading ${path}: more than ${MAX_EXTENDS} files extend each other`);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new AtomicError("not-found", `reading the compose file ${path}: ${(cause as Error).message}`, { cause });
  }
  const { extends: parent, ...own } = named(path, () => parseComposeDocument(text));
  const here = dirname(realpathSync(path));
  if (Array.isArray(own["overlays"])) {
    own["overlays"] = own["overlays"].map((item: unknown) => besideFile(here, item));
  }
  if (parent === undefined || parent === null) return own;
  if (typeof parent !== "string") throw new AtomicError("invalid", `reading ${path}: extends: expected a file name`);
  return extendDocument(readDocument(resolve(here, parent), depth + 1), own);
}

/** An overlay, its path taken from the file that names it. */
function besideFile(here: string, item: unknown): unknown {
  if (typeof item === "string") return resolve(here, item);
  if (isPlainMap(item) && typeof item["from"] === "string") return { ...item, from: resolve(here, item["from"]) };
  return item;
}

/** Runs a parser, and says in its error which file it read. */
function named<T>(path: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    if (!(cause instanceof AtomicError)) throw cause;
    throw new AtomicError(cause.code, cause.message.replace("the compose file", path), { cause });
  }
}
