import * as fc from "fast-check";
import * as assert from "uvu/assert";
import { fromText } from "../../../src/bytes.ts";
import { isAtomicError } from "../../../src/errors.ts";
import {
  array,
  byteArray,
  decodeVariant,
  encodeVariant,
  text,
  tuple,
  uint32,
  uint64,
  utf8,
  variant,
  type VariantType,
} from "../../../src/ostree/libostree/gvariant.ts";
import { suite } from "../../support/suite.ts";

const test = suite("ostree/libostree/gvariant");

const DICT = array(tuple(text, variant));
const DIRTREE = array(tuple(utf8, byteArray));
const MIXED = tuple(uint64, uint32, text, array(tuple(byteArray, byteArray)), uint32);

/** Bytes as GLib writes them: `GLib.Variant(type, value).get_data_as_bytes()`. */
const VECTORS: [string, VariantType<unknown>, unknown, string][] = [
  ["an empty string", text, "", "00"],
  ["a string", text, "hi", "686900"],
  ["an empty array of strings", array(text), [], ""],
  ["strings", array(text), ["i", "can", "has"], "690063616e00686173000206" + "0a"],
  ["an empty dirtree", tuple(DIRTREE, array(tuple(utf8, byteArray, byteArray))), [[], []], "00"],
  ["a member of fixed size after one that is not", tuple(text, uint32), ["a", 1], "6100000000000001" + "02"],
  ["a tuple of fixed size, padded", tuple(uint64, uint32), [1, 2], "0000000000000001" + "0000000200000000"],
  [
    "a dictionary",
    DICT,
    [["k", { signature: "s", data: Buffer.from("76\0") }]],
    "6b00000000000000" + "373600" + "00" + "73" + "02" + "0e",
  ],
];
for (const [what, type, value, hex] of VECTORS) {
  test(`writes and reads ${what}`, () => {
    assert.is(encodeVariant(type, value).toString("hex"), hex);
    assert.equal(decodeVariant(type, Buffer.from(hex, "hex"), "test"), value);
  });
}

const name = fc.string({ unit: "grapheme", maxLength: 20 }).filter((value) => !value.includes("\0"));
const blob = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
const PROPERTIES: [string, VariantType<unknown>, fc.Arbitrary<unknown>][] = [
  ["strings", array(text), fc.array(name, { maxLength: 300, size: "max" })],
  [
    "names with checksums",
    DIRTREE,
    fc.array(
      fc.tuple(
        name.map((value) => fromText(value)),
        blob,
      ),
      { maxLength: 500, size: "max" },
    ),
  ],
  [
    "dictionaries",
    DICT,
    fc.array(
      fc.tuple(
        name,
        fc.record({ signature: fc.constantFrom("s", "ay", "(taya{sv})"), data: blob }, { noNullPrototype: true }),
      ),
    ),
  ],
  [
    "tuples of everything",
    MIXED,
    fc.tuple(fc.maxSafeInteger().map(Math.abs), fc.nat(), name, fc.array(fc.tuple(blob, blob)), fc.nat()),
  ],
];
for (const [what, type, values] of PROPERTIES) {
  test(`reads back ${what}`, () => {
    fc.assert(
      fc.property(values, (value) => {
        assert.equal(decodeVariant(type, encodeVariant(type, value), "test"), value);
      }),
    );
  });

  test(`reads ${what} from no other bytes than it writes`, () => {
    fc.assert(
      fc.property(values, fc.nat(), fc.integer({ min: 1, max: 255 }), (value, at, flip) => {
        const bytes = encodeVariant(type, value);
        if (bytes.length > 0) bytes[at % bytes.length]! ^= flip;
        const found = decoded(type, bytes);
        assert.ok(found === undefined || encodeVariant(type, found).equals(bytes));
      }),
    );
  });

  test(`never fails otherwise than as invalid on arbitrary bytes for ${what}`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => void decoded(type, bytes)),
      { numRuns: 1000 },
    );
  });
}

function decoded(type: VariantType<unknown>, bytes: Uint8Array): unknown {
  try {
    return decodeVariant(type, bytes, "test");
  } catch (error) {
    if (isAtomicError(error, "invalid")) return undefined;
    throw error;
  }
}

const REFUSED: [string, VariantType<unknown>, string][] = [
  ["a string without a NUL", text, "6869"],
  ["a string with a NUL inside", text, "68006900"],
  ["no string at all", text, ""],
  ["a string that is not UTF-8", text, "ff00"],
  ["a variant without a type", variant, "6869"],
  ["an array whose offsets lie outside", array(text), "6100ff"],
  ["an array whose elements overlap", array(text), "610062000402" + "01"],
  ["an array with a piece of an element", array(uint32), "0000000100"],
  ["a tuple that ends early", MIXED, "0000000000000001"],
  ["a tuple with bytes nobody reads", tuple(text, uint32), "610061000000000102"],
  ["padding that is not zero", tuple(text, uint32), "610000ff0000000102"],
  ["a number above 2^53", uint64, "ff".repeat(8)],
  ["a number of three bytes", uint32, "000000"],
];
for (const [what, type, hex] of REFUSED) {
  test(`refuses ${what}`, () => {
    assert.throws(
      () => decodeVariant(type, Buffer.from(hex, "hex"), "test"),
      (error: unknown) => isAtomicError(error, "invalid"),
    );
  });
}
