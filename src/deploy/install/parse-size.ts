import { AtomicError } from "../../errors.ts";

const UNITS = ["", "K", "M", "G", "T"];
const SIZE = /^([1-9][0-9]{0,14})([KMGT]?)(?:i?B)?$/;

/** Bytes of a size as people write it: `10G`, `512MiB`, `1073741824`; units are powers of 1024. @throws AtomicError usage */
export function parseSize(text: string): number {
  const [, digits, unit] = SIZE.exec(text) ?? [];
  const bytes = Number(digits) * 1024 ** UNITS.indexOf(unit ?? "");
  if (digits === undefined || !Number.isSafeInteger(bytes)) {
    throw new AtomicError("usage", `reading size ${JSON.stringify(text)}: expected a number with K, M, G or T`);
  }
  return bytes;
}
