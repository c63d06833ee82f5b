/** The table of the objects a delta makes, in the order in which it makes them. */
import { checksumFromBytes, checksumToBytes } from "../../digest.ts";
import { AtomicError } from "../../errors.ts";
import { OBJECT_TYPES, type ObjectType } from "../object-path.ts";
import { createByteReader } from "./byte-reader.ts";
import { createByteWriter } from "./byte-writer.ts";
import type { DeltaObject } from "./delta-objects.ts";

/** Checksums first, so that they are also a source for dirtrees that name them; then types and sizes. */
export function encodeObjectTable(objects: readonly DeltaObject[]): Uint8Array {
  const out = createByteWriter();
  for (const { checksum } of objects) out.bytes(checksumToBytes(checksum));
  for (const { type } of objects) out.byte(OBJECT_TYPES.indexOf(type));
  for (const { size } of objects) out.varint(size);
  return out.finish();
}

/** Reads a table of `count` objects, which is untrusted. @throws AtomicError invalid */
export function parseObjectTable(bytes: Uint8Array, count: number): DeltaObject[] {
  const input = createByteReader(bytes, "a delta's table");
  const checksums = input.bytes(32 * count);
  const types = input.bytes(count);
  const objects = Array.from(types, (type, i): DeltaObject => ({
    checksum: checksumFromBytes(checksums.subarray(32 * i, 32 * i + 32)),
    type: typeOf(type),
    size: input.varint(Number.MAX_SAFE_INTEGER),
  }));
  input.end();
  return objects;
}

function typeOf(code: number): ObjectType {
  const type = OBJECT_TYPES[code];
  if (type === undefined) throw new AtomicError("invalid", `reading a delta's table: ${code} is no object type`);
  return type;
}
