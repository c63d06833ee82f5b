/**
 * PAX records: `LENGTH KEY=VALUE\n`, values being any bytes.
 * Spec: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13_03
 */
import { type ByteString, fromBytes, toText } from "../../bytes.ts";
import { AtomicError } from "../../errors.ts";

/** The values by key; a later record of a key replaces an earlier one. */
export type PaxRecords = ReadonlyMap<string, ByteString>;

const MAX_LENGTH_DIGITS = 8;
const NEWLINE = 0x0a;

/** Reads the records of an extended header. @throws AtomicError invalid */
export function parsePax(bytes: Uint8Array): PaxRecords {
  const records = new Map<string, ByteString>();
  for (let at = 0; at < bytes.length;) {
    const blank = bytes.indexOf(0x20, at);
    const digits = blank === -1 ? "" : fromBytes(bytes.subarray(at, Math.min(blank, at + MAX_LENGTH_DIGITS + 1)));
    const length = /^[0-9]{1,8}$/.test(digits) ? Number(digits) : 0;
    const equals = bytes.indexOf(0x3d, blank);
    const end = at + length;
    if (length === 0 || end > bytes.length || bytes[end - 1] !== NEWLINE || equals === -1 || equals >= end)
      throw new AtomicError("invalid", `reading a PAX header: a malformed record at byte ${at}`);
    records.set(fromBytes(bytes.subarray(blank + 1, equals)), fromBytes(bytes.subarray(equals + 1, end - 1)));
    at = end;
  }
  return records;
}

/** A decimal number with a fraction, as whole seconds and nanoseconds. @throws AtomicError invalid */
export function parsePaxTime(text: string): { mtime: number; mtimeNsec: number } {
  const match = /^(-?)([0-9]{1,15})(?:\.([0-9]{0,30}))?$/.exec(text);
  if (match === null)
    throw new AtomicError("invalid", `reading a PAX header: ${JSON.stringify(toText(text as ByteString))} is no time`);
  const [, sign, seconds, fraction = ""] = match;
  const nanoseconds = Number(fraction.slice(0, 9).padEnd(9, "0"));
  if (sign !== "-") return { mtime: Number(seconds), mtimeNsec: nanoseconds };
  return nanoseconds === 0
    ? { mtime: 0 - Number(seconds), mtimeNsec: 0 }
    : { mtime: -Number(seconds) - 1, mtimeNsec: 1_000_000_000 - nanoseconds };
}

/** A whole number. @throws AtomicError invalid */
export function parsePaxNumber(text: string): number {
  const value = /^[0-9]{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value))
    throw new AtomicError(
      "invalid",
      `reading a PAX header: ${JSON.stringify(toText(text as ByteString))} is no number`,
    );
  return value;
}
