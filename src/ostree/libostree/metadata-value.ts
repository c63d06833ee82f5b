/** Values of OSTree's dictionaries, `a{sv}`, by key. */
import {
  array,
  byteArray,
  decodeVariant,
  encodeVariant,
  text,
  uint64,
  type Variant,
  type VariantType,
} from "./gvariant.ts";

/** A type that values of dictionaries have, with its type string. */
export interface ValueType<T> {
  signature: string;
  type: VariantType<T>;
}

export const TEXT: ValueType<string> = { signature: "s", type: text };
export const TEXTS: ValueType<string[]> = { signature: "as", type: array(text) };
/** Big-endian. */
export const NUMBER: ValueType<number> = { signature: "t", type: uint64 };
export const BLOBS: ValueType<Buffer[]> = { signature: "aay", type: array(byteArray) };

/** The value of `key`; undefined when there is none of that type. @throws AtomicError invalid */
export function valueOf<T>(dict: ReadonlyMap<string, Variant>, key: string, of: ValueType<T>): T | undefined {
  const found = dict.get(key);
  return found?.signature === of.signature ? decodeVariant(of.type, found.data, key) : undefined;
}

/** The pairs of a dictionary that has `key`, or none when there is no value. */
export function pairOf<T>(key: string, value: T | undefined, of: ValueType<T>): [string, Variant][] {
  if (value === undefined) return [];
  return [[key, { signature: of.signature, data: encodeVariant(of.type, value) }]];
}
