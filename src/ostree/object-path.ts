/** Where an object lies below the store's `objects/` directory. */
import type { Checksum } from "../digest.ts";

export const OBJECT_TYPES = ["file", "dirtree", "commit"] as const;
export type ObjectType = (typeof OBJECT_TYPES)[number];

/** `ab/cdef….file` for checksum `abcdef…`, the form a mountable image's redirects use. */
export function objectPath(checksum: Checksum, type: ObjectType): string {
  return `${checksum.slice(0, 2)}/${checksum.slice(2)}.${type}`;
}
