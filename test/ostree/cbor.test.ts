import { encode } from "cborg";
import * as fc from "fast-check";
import * as assert from "uvu/assert";
import type { ByteString } from "../../src/bytes.ts";
import type { Checksum } from "../../src/digest.ts";
import { isAtomicError } from "../../src/errors.ts";
import { createCborReader, MAX_METADATA_BYTES } from "../../src/ostree/cbor-reader.ts";
import { type CborWriter, createCborWriter } from "../../src/ostree/cbor-writer.ts";
import { suite } from "../support/suite.ts";

const test = suite("ostree/cbor");

type Item = number | string | Uint8Array | Item[];
const item: fc.Arbitrary<Item> = fc.letrec<{ item: Item }>((tie) => ({
  item: fc.oneof(
    fc.maxSafeInteger(),
    fc.constantFrom(
      0,
      23,
      24,
      255,
      256,
      65535,
      65536,
      2 ** 32 - 1,
      2 ** 32,
      Number.MAX_SAFE_INTEGER,
      -1,
      -24,
      -25,
      -256,
      -257,
    ),
    fc.string({ unit: "grapheme", maxLength: 400 }),
    fc.uint8Array({ maxLength: 70_000, size: "max" }),
    fc.array(tie("item"), { maxLength: 30 }),
  ),
})).item;

function write(out: CborWriter, value: Item): void {
  if (typeof value === "number") out.integer(value);
  else if (typeof value === "string") out.text(value);
  else if (value instanceof Uint8Array) out.bytes(Buffer.from(value).toString("latin1") as ByteString);
  else {
    out.array(value.length);
    for (const each of value) write(out, each);
  }
}

test("writes what cborg writes", () => {
  fc.assert(
    fc.property(item, (value) => {
      const out = createCborWriter();
      write(out, value);
      assert.ok(out.finish().equals(encode(value)));
    }),
    { numRuns: 300 },
  );
});

test("reads back integers, bytes, text and checksums of any length", () => {
  fc.assert(
    fc.property(
      fc.maxSafeInteger(),
      fc.uint8Array({ maxLength: 300 }),
      fc.string({ unit: "grapheme" }),
      (integer, bytes, text) => {
        const checksum = "0123456789abcdef".repeat(4) as Checksum;
        const value = Buffer.from(bytes).toString("latin1") as ByteString;
        const out = createCborWriter();
        out.array(4);
        out.integer(integer);
        out.bytes(value);
        out.text(text);
        out.checksum(checksum);
        const input = createCborReader(out.finish(), "test");
        input.arrayOf(4);
        assert.is(input.integer(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER), integer);
        assert.is(input.bytes(0, 300), value);
        assert.is(input.text(10_000), text);
        assert.is(input.checksum(), checksum);
        input.end();
      },
    ),
  );
});

const REFUSED: [string, string, (input: ReturnType<typeof createCborReader>) => unknown][] = [
  ["an integer in two bytes that fits in one", "1817", (input) => input.integer(0, 1000)],
  ["an integer in three bytes that fits in two", "1900ff", (input) => input.integer(0, 1000)],
  ["an integer in five bytes that fits in three", "1a0000ffff", (input) => input.integer(0, 2 ** 40)],
  ["an integer in nine bytes that fits in five", "1b00000000ffffffff", (input) => input.integer(0, 2 ** 40)],
  ["an integer above 2^53", "1bffffffffffffffff", (input) => input.integer(0, Number.MAX_SAFE_INTEGER)],
  ["an integer out of bounds", "1864", (input) => input.integer(0, 99)],
  ["a negative integer where none may be", "20", (input) => input.integer(0, 99)],
  ["a float", "fb3ff8000000000000", (input) => input.integer(0, 99)],
  ["a cut integer", "19ff", (input) => input.integer(0, 70_000)],
  ["bytes longer than the input", "5affffffff00", (input) => input.bytes(0, 2 ** 33)],
  ["bytes of indefinite length", "5f4100ff", (input) => input.bytes(0, 9)],
  ["text that is not UTF-8", "61ff", (input) => input.text(9)],
  ["text where bytes belong", "6161", (input) => input.bytes(0, 9)],
  ["an array of indefinite length", "9fff", (input) => input.array(9)],
  ["an array too long", "8a", (input) => input.array(9)],
  ["an array too short", "81", (input) => input.arrayOf(2)],
  ["a map", "a0", (input) => input.array(9)],
  ["a tag", "c000", (input) => input.integer(0, 9)],
  ["a checksum of 31 bytes", `581f${"00".repeat(31)}`, (input) => input.checksum()],
  ["nothing", "", (input) => input.integer(0, 9)],
  ["something after the end", "00", (input) => input.end()],
];
for (const [what, hex, read] of REFUSED) {
  test(`refuses ${what}`, () => {
    assert.throws(
      () => read(createCborReader(Buffer.from(hex, "hex"), "test")),
      (error: unknown) => isAtomicError(error, "invalid"),
    );
  });
}

test("refuses an object larger than any metadata", () => {
  assert.throws(
    () => createCborReader(new Uint8Array(MAX_METADATA_BYTES + 1), "test"),
    (error: unknown) => isAtomicError(error, "invalid"),
  );
});
