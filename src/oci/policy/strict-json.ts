/** Reading JSON that decides whom to trust: every key must be known, and be there once. */
import { AtomicError } from "../../errors.ts";
import { type JsonObject, parseJsonObject } from "../json.ts";

/** A string, and the colon that makes it a key. */
const STRINGS = /"(?:[^"\\]|\\.)*"(\s*:)?/g;

/** The object that `bytes` hold. @throws AtomicError invalid, also when a key is there twice: readers differ in which counts */
export function parseStrictJson(bytes: Uint8Array, what: string): JsonObject {
  const document = parseJsonObject(bytes, what);
  const written = [...Buffer.from(bytes).toString("utf8").matchAll(STRINGS)].filter(([, colon]) => colon !== undefined);
  if (written.length !== countKeys(document)) throw new AtomicError("invalid", `reading ${what}: a key is there twice`);
  return document;
}

/** @throws AtomicError invalid when `object` has any other key than these */
export function allowKeys(object: JsonObject, known: readonly string[], what: string): void {
  const unknown = Object.keys(object).find((key) => !known.includes(key));
  if (unknown !== undefined)
    throw new AtomicError("invalid", `reading ${what}: ${JSON.stringify(unknown.slice(0, 100))} is unknown`);
}

function countKeys(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const own = Array.isArray(value) ? 0 : Object.keys(value).length;
  return Object.values(value).reduce<number>((sum, item) => sum + countKeys(item), own);
}
