import * as fc from "fast-check";
import * as assert from "uvu/assert";
import { isAtomicError } from "../../../src/errors.ts";
import { compressLz4 } from "../../../src/ostree/delta/lz4-compress.ts";
import { packLz4Kernel, unpackLz4Kernel } from "../../../src/ostree/delta/lz4-kernel.ts";
import { decodeBlock } from "../../../src/ostree/delta/lz4-sequences.ts";
import { KERNEL_TAIL, makeLz4Kernel } from "../../support/lz4-kernel.ts";
import { suite } from "../../support/suite.ts";

const test = suite("ostree/delta/lz4");

/** Bytes with much that repeats, in runs and otherwise. */
const repetitive = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 30 }),
      fc.tuple(fc.nat(255), fc.nat(400)).map(([byte, length]) => new Uint8Array(length).fill(byte)),
      fc
        .tuple(fc.constantFrom("module_", "symbol", "\0\0\0\x01"), fc.nat(20))
        .map(([text, n]) => Buffer.from(text.repeat(n))),
    ),
    { maxLength: 20 },
  )
  .map((pieces) => new Uint8Array(Buffer.concat(pieces)));

test("what is decoded is what was compressed", () => {
  fc.assert(
    fc.property(repetitive, (source) => {
      const out = new Uint8Array(source.length);
      assert.is(decodeBlock(compressLz4(source), out, 0), source.length);
      assert.equal(out, source);
    }),
    { numRuns: 1000 },
  );
});

const HOSTILE: { what: string; block: number[] }[] = [
  { what: "no bytes", block: [] },
  { what: "literals that are not there", block: [0x50, 1, 2] },
  { what: "a length without an end", block: [0xf0, 255, 255] },
  { what: "more literals than wanted", block: [0xa0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10] },
  { what: "half a distance", block: [0x10, 1, 1] },
  { what: "a distance of nothing", block: [0x10, 1, 0, 0, 0] },
  { what: "a match before the start", block: [0x10, 1, 2, 0, 0] },
  { what: "a match beyond what is wanted", block: [0x1f, 1, 1, 0, 255, 0, 0] },
  { what: "an end behind a match", block: [0x10, 1, 1, 0] },
];

for (const { what, block } of HOSTILE) {
  test(`refuses a block with ${what}`, () => {
    assert.throws(
      () => decodeBlock(Uint8Array.from(block), new Uint8Array(8), 0),
      (error: unknown) => isAtomicError(error, "invalid"),
    );
  });
}

const PAYLOAD = Buffer.from("the quick brown fox jumps over the lazy dog; the quick brown fox sleeps. ".repeat(400));

test("a kernel is unpacked and packed to the same bytes", () => {
  const kernel = makeLz4Kernel(PAYLOAD);
  const unpacked = unpackLz4Kernel(kernel);
  assert.ok(unpacked !== undefined && Buffer.from(unpacked).includes(PAYLOAD));
  assert.equal(Buffer.from(packLz4Kernel(unpacked)), kernel);
});

test("what is no such kernel is not unpacked", () => {
  const kernel = makeLz4Kernel(PAYLOAD);
  const changed = (at: number, value: number): Buffer => {
    const bytes = Buffer.from(kernel);
    bytes.writeUInt32LE(value, at);
    return bytes;
  };
  const size = kernel.length - KERNEL_TAIL;
  for (const bytes of [
    Buffer.alloc(0),
    kernel.subarray(0, 0x250),
    kernel.subarray(0, size),
    changed(0x202, 0),
    changed(0x248, 61),
    changed(0x248, 0xffffffff),
    changed(0x24c, 0),
    changed(0x24c, 0xffffffff),
    changed(1084, 0),
    changed(1088, 0xfffffff0),
    changed(size, PAYLOAD.length + 1),
    changed(size, 0xfffffff0),
  ]) {
    assert.is(unpackLz4Kernel(bytes), undefined);
  }
});

test("arbitrary bytes are packed or refused", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      try {
        packLz4Kernel(bytes);
      } catch (error) {
        assert.ok(isAtomicError(error, "invalid"), String(error));
      }
    }),
  );
});
