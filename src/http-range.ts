/** `Range` of a request. RFC 9110 §14.2. */
export interface ByteRange {
  offset: number;
  length: number;
}

/**
 * The part of a file of `total` bytes that a client asks for.
 * @param header the field's value
 * @returns undefined for all of it: nothing was asked, or something a server may ignore, such as several parts
 */
export function parseRange(header: string | undefined, total: number): ByteRange | "unsatisfiable" | undefined {
  const match = /^bytes=(?:([0-9]{1,15})-([0-9]{1,15})?|-([0-9]{1,15}))$/.exec(header ?? "");
  if (match === null) return undefined;
  const [, first, last, suffix] = match;
  const offset = first === undefined ? Math.max(total - Number(suffix), 0) : Number(first);
  const end = Math.min(last === undefined ? total : Number(last) + 1, total);
  if (last !== undefined && Number(last) < offset) return undefined;
  return offset < end ? { offset, length: end - offset } : "unsatisfiable";
}
