/** Numbers as operators write them. */
import { AtomicError } from "../../errors.ts";

const UNITS: Readonly<Record<string, number>> = { "": 1, b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** Bytes of a size such as `512m`, `1.5g` or `4096`. @throws AtomicError usage */
export function parseSize(option: string, text: string): number {
  const match = /^(\d{1,15}(?:[.]\d{1,6})?)([bkmgt]?)(?:i?b)?$/i.exec(text);
  const bytes = Number(match?.[1]) * (UNITS[(match?.[2] ?? "").toLowerCase()] ?? Number.NaN);
  if (!(bytes > 0 && bytes <= Number.MAX_SAFE_INTEGER)) {
    throw new AtomicError("usage", `reading ${option}: expected a size such as 512m, found ${JSON.stringify(text)}`);
  }
  return Math.floor(bytes);
}

/** A whole number from `min` to `max`. @throws AtomicError usage */
export function parseWhole(option: string, text: string, min: number, max: number): number {
  const value = /^-?\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max)) {
    throw new AtomicError(
      "usage",
      `reading ${option}: expected a whole number from ${min} to ${max}, found ${JSON.stringify(text)}`,
    );
  }
  return value;
}
