/**
 * One 512-byte tar header: POSIX ustar, and what GNU tar does differently.
 * Spec: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13_06
 */
import { type ByteString, fromBytes, toText } from "../../bytes.ts";
import { AtomicError } from "../../errors.ts";

export const BLOCK = 512;

/** The fields of a header, before PAX records and GNU long names change them. */
export interface TarHeader {
  name: ByteString;
  /** The type flag as a character; an old header's NUL is `0`. */
  flag: string;
  mode: number;
  uid: number;
  gid: number;
  size: number;
  /** Whole seconds. */
  mtime: number;
  linkname: ByteString;
  major: number;
  minor: number;
}

const CHECKSUM_AT = 148;
const CHECKSUM_END = 156;
const SPACE = 0x20;

/** Reads a header block that is not all zeros. @throws AtomicError invalid on a wrong checksum or a malformed number */
export function parseTarHeader(block: Uint8Array): TarHeader {
  checkSum(block);
  const name = textAt(block, 0, 100);
  const number = (at: number, length: number) => parseTarNumber(block.subarray(at, at + length), name);
  const isUstar = textAt(block, 257, 6) === "ustar" && block[263] === 0x30;
  const prefix = isUstar ? textAt(block, 345, 155) : "";
  const flag = block[156] === 0 ? "0" : String.fromCharCode(block[156]!);
  const isDevice = flag === "3" || flag === "4";
  const size = number(124, 12);
  if (size < 0) throw new AtomicError("invalid", `reading the tar header of ${toText(name)}: it has ${size} bytes`);
  return {
    name: (prefix === "" ? name : `${prefix}/${name}`) as ByteString,
    flag,
    mode: number(100, 8) & 0o7777,
    uid: number(108, 8),
    gid: number(116, 8),
    size,
    mtime: number(136, 12),
    linkname: textAt(block, 157, 100),
    major: isDevice ? number(329, 8) : 0,
    minor: isDevice ? number(337, 8) : 0,
  };
}

/** The sum of all bytes, its own field counting as blanks. */
function checkSum(block: Uint8Array): void {
  const expected = parseTarNumber(block.subarray(CHECKSUM_AT, CHECKSUM_END), "checksum" as ByteString);
  let sum = SPACE * (CHECKSUM_END - CHECKSUM_AT);
  for (let i = 0; i < BLOCK; i++) if (i < CHECKSUM_AT || i >= CHECKSUM_END) sum += block[i]!;
  if (sum !== expected)
    throw new AtomicError("invalid", `reading a tar header: expected checksum ${expected}, found ${sum}`);
}

/**
 * A number of a header: octal digits among blanks and NULs, or GNU's big-endian binary, whose first bit is set.
 * @throws AtomicError invalid, also beyond 2^53
 */
function parseTarNumber(field: Uint8Array, name: ByteString): number {
  const value = (field[0]! & 0x80) === 0 ? parseOctal(field) : parseBinary(field);
  if (value === undefined || !Number.isSafeInteger(value))
    throw new AtomicError("invalid", `reading the tar header of ${toText(name)}: ${shown(field)} is no number`);
  return value;
}

function parseOctal(field: Uint8Array): number | undefined {
  const text = fromBytes(field)
    .replace(/^ +/, "")
    .replace(/[ \0][^]*$/, "");
  return /^[0-7]*$/.test(text) ? Number.parseInt(text === "" ? "0" : text, 8) : undefined;
}

function parseBinary(field: Uint8Array): number {
  let value = BigInt(field[0]! & 0x7f);
  for (const byte of field.subarray(1)) value = value * 256n + BigInt(byte);
  const bits = BigInt(field.length * 8 - 1);
  return Number(BigInt.asIntN(Number(bits), value));
}

function textAt(block: Uint8Array, at: number, length: number): ByteString {
  const field = block.subarray(at, at + length);
  const end = field.indexOf(0);
  return fromBytes(end === -1 ? field : field.subarray(0, end));
}

function shown(field: Uint8Array): string {
  return JSON.stringify(toText(fromBytes(field)));
}
