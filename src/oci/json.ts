/** Reading JSON documents of strangers: bounded, UTF-8, and typed field by field. */
import { isUtf8 } from "node:buffer";
import { AtomicError } from "../errors.ts";

/** A JSON object whose fields are unchecked. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Lists longer than this are refused. */
const MAX_ITEMS = 10_000;

/** The object that `bytes` hold. @throws AtomicError invalid unless they are UTF-8 and one JSON object */
export function parseJsonObject(bytes: Uint8Array, what: string): JsonObject {
  return asObject(parseJson(bytes, what), what);
}

/** The list that `bytes` hold. @throws AtomicError invalid unless they are UTF-8 and one JSON list */
export function parseJsonList(bytes: Uint8Array, what: string): unknown[] {
  const value = parseJson(bytes, what);
  if (!Array.isArray(value) || value.length > MAX_ITEMS) throw expected(what, "a list", value);
  return value as unknown[];
}

function parseJson(bytes: Uint8Array, what: string): unknown {
  if (!isUtf8(bytes)) throw new AtomicError("invalid", `reading ${what}: not UTF-8`);
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8"));
  } catch (cause) {
    throw new AtomicError("invalid", `reading ${what}: not JSON`, { cause });
  }
}

/** @throws AtomicError invalid unless `value` is an object */
export function asObject(value: unknown, what: string): JsonObject {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw expected(what, "an object", value);
  return value as JsonObject;
}

/** A field that must be there and be text. @throws AtomicError invalid */
export function textField(object: JsonObject, key: string, what: string): string {
  const value = object[key];
  if (typeof value !== "string") throw expected(`${what}: ${key}`, "text", value);
  return value;
}

/** A field that may be absent, null, or text. @throws AtomicError invalid */
export function optionalText(object: JsonObject, key: string, what: string): string | undefined {
  const value = object[key] ?? undefined;
  if (value !== undefined && typeof value !== "string") throw expected(`${what}: ${key}`, "text", value);
  return value;
}

/** A field that must be a whole number of bytes. @throws AtomicError invalid */
export function sizeField(object: JsonObject, key: string, what: string): number {
  const value = object[key];
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0)
    throw expected(`${what}: ${key}`, "a size in bytes", value);
  return value;
}

/** A list; absent and null are empty. @throws AtomicError invalid, also when it is too long */
export function listField(object: JsonObject, key: string, what: string): unknown[] {
  const value = object[key] ?? [];
  if (!Array.isArray(value)) throw expected(`${what}: ${key}`, "a list", value);
  if (value.length > MAX_ITEMS)
    throw new AtomicError("invalid", `reading ${what}: ${key}: more than ${MAX_ITEMS} items`);
  return value as unknown[];
}

/** A list of texts; absent and null are empty. @throws AtomicError invalid */
export function textsField(object: JsonObject, key: string, what: string): string[] {
  return listField(object, key, what).map((item) => {
    if (typeof item !== "string") throw expected(`${what}: ${key}`, "texts", item);
    return item;
  });
}

/** A map from text to text; absent and null are empty. @throws AtomicError invalid */
export function mapField(object: JsonObject, key: string, what: string): Record<string, string> {
  const value = object[key] ?? {};
  const entries = Object.entries(asObject(value, `${what}: ${key}`));
  if (entries.length > MAX_ITEMS)
    throw new AtomicError("invalid", `reading ${what}: ${key}: more than ${MAX_ITEMS} items`);
  return Object.fromEntries(
    entries.map(([name, item]) => {
      if (typeof item !== "string") throw expected(`${what}: ${key}: ${JSON.stringify(name)}`, "text", item);
      return [name, item];
    }),
  );
}

function expected(what: string, kind: string, value: unknown): AtomicError {
  const found = JSON.stringify(value)?.slice(0, 100) ?? "nothing";
  return new AtomicError("invalid", `reading ${what}: expected ${kind}, found ${found}`);
}
