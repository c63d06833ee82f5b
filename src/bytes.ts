/**
 * Byte strings: file names, symlink targets, xattr names and values as the kernel knows them.
 *
 * A `ByteString` is a JavaScript string in which every character is one byte (latin-1). It compares and sorts
 * bytewise with `<`, works as a Map key, and loses nothing when the bytes are not UTF-8.
 */
import { isUtf8 } from "node:buffer";

declare const brand: unique symbol;
/** An ordinary string, which no ByteString is. */
export type Text = string & { readonly [brand]?: never };
export type ByteString = string & { readonly [brand]: "bytes" };

/** The byte string made of `bytes`. */
export function fromBytes(bytes: Uint8Array): ByteString {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1") as ByteString;
}

/** The byte string of an ordinary string's UTF-8 encoding. */
export function fromText(text: string): ByteString {
  return Buffer.from(text, "utf8").toString("latin1") as ByteString;
}

/** The bytes of a byte string. */
export function toBytes(value: ByteString): Buffer {
  return Buffer.from(value, "latin1");
}

/** A byte string as a path argument: ASCII, the usual case, needs no conversion. */
export function toPath(value: ByteString): Buffer | Text {
  // eslint-disable-next-line no-control-regex
  return /^[\u0000-\u007f]*$/.test(value) ? (value as string) : toBytes(value);
}

/** The text a terminal or JSON may show: UTF-8 where valid, control and other bytes as `\xNN`. */
export function toText(value: ByteString): string {
  const bytes = toBytes(value);
  const text = isUtf8(bytes) ? bytes.toString("utf8") : value;
  // eslint-disable-next-line no-control-regex
  const unprintable = isUtf8(bytes) ? /[\u0000-\u001f\u007f-\u009f\\]/g : /[^\u0020-\u005b\u005d-\u007e]/g;
  return text.replace(unprintable, (c) =>
    c === "\\" ? "\\\\" : `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}

/** Bytewise order, for `Array.prototype.sort`. */
export function compareBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
