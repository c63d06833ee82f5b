/**
 * GVariant, the serialisation of OSTree's metadata: only the types that its objects use.
 *
 * A type is a value that knows how to write and read; composite types are made of others. What is read is untrusted:
 * `decodeVariant` accepts exactly the bytes that `encodeVariant` would write, which is GVariant's normal form.
 * Spec: https://docs.gtk.org/glib/gvariant-specification-1.0.html
 */
import { isUtf8 } from "node:buffer";
import { type ByteString, fromBytes, toBytes } from "../../bytes.ts";
import { AtomicError } from "../../errors.ts";
import { createVariantWriter, type VariantWriter } from "./gvariant-writer.ts";

/** How values of one GVariant type are written and read. */
export interface VariantType<T> {
  readonly alignment: number;
  /** Bytes of every value; undefined when they differ. */
  readonly fixedSize: number | undefined;
  /** The writer stands at a multiple of `alignment`. */
  write(out: VariantWriter, value: T): void;
  /** Reads the whole of `bytes`. @throws Malformed */
  read(bytes: Buffer): T;
}

/** A value of any type: its type string and its bytes, which nobody has looked at. */
export interface Variant {
  signature: string;
  data: Buffer;
}

/** Bytes that are no value of the type; `decodeVariant` says of what. */
class Malformed extends Error {}

/** The bytes of `value`. */
export function encodeVariant<T>(type: VariantType<T>, value: T): Buffer {
  const out = createVariantWriter();
  type.write(out, value);
  return out.finish();
}

/** The value that `bytes` are; messages name `what`. @throws AtomicError invalid unless they are in normal form */
export function decodeVariant<T>(type: VariantType<T>, bytes: Uint8Array, what: string): T {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let value: T;
  try {
    if (type.fixedSize !== undefined && type.fixedSize !== buffer.length)
      throw new Malformed("a value of another size");
    value = type.read(buffer);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    throw new AtomicError("invalid", `decoding ${what}: ${error.message}`);
  }
  if (!encodeVariant(type, value).equals(buffer))
    throw new AtomicError("invalid", `decoding ${what}: not in GVariant's normal form`);
  return value;
}

/** `u` holding a big-endian number, as OSTree keeps them. */
export const uint32: VariantType<number> = {
  alignment: 4,
  fixedSize: 4,
  write(out, value) {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    out.bytes(bytes);
  },
  read: (bytes) => bytes.readUInt32BE(),
};

/** `t` holding a big-endian number that JavaScript can hold. */
export const uint64 = uint64Type("BE");

/** `t` as GVariant itself means it, with a number that JavaScript can hold. */
export const uint64Little = uint64Type("LE");

function uint64Type(order: "BE" | "LE"): VariantType<number> {
  return {
    alignment: 8,
    fixedSize: 8,
    write(out, value) {
      const bytes = Buffer.alloc(8);
      bytes[`writeBigUInt64${order}`](BigInt(value));
      out.bytes(bytes);
    },
    read(bytes) {
      const value = Number(bytes[`readBigUInt64${order}`]());
      if (!Number.isSafeInteger(value)) throw new Malformed("a number above 2^53");
      return value;
    },
  };
}

/** `ay` */
export const byteArray: VariantType<Buffer> = {
  alignment: 1,
  fixedSize: undefined,
  write: (out, value) => out.bytes(value),
  read: (bytes) => bytes,
};

/** `s` as the bytes of its UTF-8. */
export const utf8: VariantType<ByteString> = {
  alignment: 1,
  fixedSize: undefined,
  write(out, value) {
    out.bytes(toBytes(value));
    out.uint(0, 1);
  },
  read: readText,
};

/** `s` */
export const text: VariantType<string> = {
  alignment: 1,
  fixedSize: undefined,
  write(out, value) {
    out.bytes(Buffer.from(value));
    out.uint(0, 1);
  },
  read: (bytes) => toBytes(readText(bytes)).toString("utf8"),
};

function readText(bytes: Buffer): ByteString {
  const content = bytes.subarray(0, -1);
  if (bytes.indexOf(0) !== bytes.length - 1 || bytes.length === 0) throw new Malformed("a string without a final NUL");
  if (!isUtf8(content)) throw new Malformed("a string that is not UTF-8");
  return fromBytes(content);
}

/** `v` */
export const variant: VariantType<Variant> = {
  alignment: 8,
  fixedSize: undefined,
  write(out, { signature, data }) {
    out.bytes(data);
    out.uint(0, 1);
    out.bytes(Buffer.from(signature, "latin1"));
  },
  read(bytes) {
    const end = bytes.lastIndexOf(0);
    if (end < 0) throw new Malformed("a variant without a type");
    return { signature: bytes.toString("latin1", end + 1), data: bytes.subarray(0, end) };
  },
};

/** `a` and the type of its elements */
export function array<T>(element: VariantType<T>): VariantType<T[]> {
  const { alignment, fixedSize } = element;
  return {
    alignment,
    fixedSize: undefined,
    write(out, values) {
      const start = out.at;
      const ends = values.map((value) => {
        out.pad(alignment);
        element.write(out, value);
        return out.at - start;
      });
      if (fixedSize === undefined) writeOffsets(out, start, ends);
    },
    read: (bytes) => extents(bytes, element).map(([start, end]) => element.read(bytes.subarray(start, end))),
  };
}

/** Where the elements of an array lie. */
function extents(bytes: Buffer, { alignment, fixedSize }: VariantType<unknown>): [number, number][] {
  if (bytes.length === 0) return [];
  const width = fixedSize === undefined ? offsetWidth(bytes.length) : 0;
  const dataEnd = fixedSize === undefined ? offsetAt(bytes, bytes.length - width, width) : bytes.length;
  const count = (fixedSize === undefined ? bytes.length - dataEnd : dataEnd) / (fixedSize ?? width);
  if (!Number.isInteger(count)) throw new Malformed("an array that does not fit its bytes");
  const found: [number, number][] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    const start = align(at, alignment);
    const end = fixedSize === undefined ? offsetAt(bytes, dataEnd + i * width, width) : start + fixedSize;
    if (end < start || end > dataEnd) throw new Malformed("an array whose elements overlap");
    found.push([start, end]);
    at = end;
  }
  return found;
}

/** `(…)`, and `{…}` with two members */
export function tuple<T extends unknown[]>(...members: { [K in keyof T]: VariantType<T[K]> }): VariantType<T> {
  const types = members as VariantType<unknown>[];
  const alignment = Math.max(1, ...types.map((member) => member.alignment));
  const fixedSize = tupleSize(types, alignment);
  /** Those whose end is written down: of varying size, and not the last. */
  const framed = types.slice(0, -1).filter((member) => member.fixedSize === undefined).length;
  return {
    alignment,
    fixedSize,
    write(out, values) {
      const start = out.at;
      const ends: number[] = [];
      types.forEach((member, i) => {
        out.pad(member.alignment);
        member.write(out, values[i]);
        if (member.fixedSize === undefined && i < types.length - 1) ends.push(out.at - start);
      });
      if (fixedSize === undefined) writeOffsets(out, start, ends.reverse());
      else out.pad(alignment);
    },
    read(bytes) {
      const width = offsetWidth(bytes.length);
      const dataEnd = fixedSize === undefined ? bytes.length - framed * width : bytes.length;
      let offset = bytes.length;
      let at = 0;
      return types.map((member, i) => {
        const start = align(at, member.alignment);
        if (member.fixedSize !== undefined) at = start + member.fixedSize;
        else if (i === types.length - 1) at = dataEnd;
        else at = offsetAt(bytes, (offset -= width), width);
        if (start > at || at > dataEnd) throw new Malformed("a tuple whose members do not fit its bytes");
        return member.read(bytes.subarray(start, at));
      }) as T;
    },
  };
}

function tupleSize(types: readonly VariantType<unknown>[], alignment: number): number | undefined {
  let size = 0;
  for (const member of types) {
    if (member.fixedSize === undefined) return undefined;
    size = align(size, member.alignment) + member.fixedSize;
  }
  return align(size, alignment);
}

/** Writes framing offsets in the fewest bytes that can tell the size of the container with them. */
function writeOffsets(out: VariantWriter, start: number, ends: readonly number[]): void {
  const length = out.at - start;
  const width = [1, 2, 4].find((bytes) => length + ends.length * bytes <= 256 ** bytes - 1) ?? 8;
  for (const end of ends) out.uint(end, width);
}

function offsetWidth(size: number): number {
  return size <= 0xff ? 1 : size <= 0xffff ? 2 : size <= 0xffffffff ? 4 : 8;
}

function offsetAt(bytes: Buffer, at: number, width: number): number {
  if (at < 0 || width > 4) throw new Malformed("framing offsets outside the value");
  const offset = bytes.readUIntLE(at, width);
  if (offset > bytes.length) throw new Malformed("framing offsets outside the value");
  return offset;
}

function align(at: number, alignment: number): number {
  return Math.ceil(at / alignment) * alignment;
}
