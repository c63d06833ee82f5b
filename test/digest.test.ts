import * as fc from "fast-check";
import * as assert from "uvu/assert";
import { checksumFromBytes, checksumToBytes, nativeBlake3, parseChecksum, portableBlake3 } from "../src/digest.ts";
import { isAtomicError } from "../src/errors.ts";
import { suite } from "./support/suite.ts";

const test = suite("digest");

for (const [name, blake3] of Object.entries({ native: nativeBlake3(), portable: portableBlake3() })) {
  test(`${name} BLAKE3 gives the published digests`, () => {
    // https://github.com/BLAKE3-team/BLAKE3/blob/master/test_vectors: the first 32 bytes, and "abc"
    assert.is(blake3.hash(new Uint8Array(0)), "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262");
    assert.is(blake3.hash(Buffer.from("abc")), "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85");
  });
}

test("native and portable BLAKE3 agree, whole and in pieces", () => {
  const [native, portable] = [nativeBlake3(), portableBlake3()];
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 5000, size: "max" }), { maxLength: 5 }), (chunks) => {
      const expected = native.hash(Buffer.concat(chunks));
      for (const hasher of [native.hasher(), portable.hasher()]) {
        for (const chunk of chunks) hasher.update(chunk);
        assert.is(hasher.digest(), expected);
      }
      assert.is(portable.hash(Buffer.concat(chunks)), expected);
    }),
  );
});

test("a checksum goes to bytes and back", () => {
  const checksum = parseChecksum("0123456789abcdef".repeat(4));
  assert.is(checksumFromBytes(checksumToBytes(checksum)), checksum);
});

for (const text of [
  "",
  "0123",
  "A".repeat(64),
  "g".repeat(64),
  "0".repeat(63),
  `${"0".repeat(64)}\n`,
  "0".repeat(65),
]) {
  test(`refuses the checksum ${JSON.stringify(text).slice(0, 20)} of ${text.length} characters`, () => {
    assert.throws(
      () => parseChecksum(text),
      (error: unknown) => isAtomicError(error, "invalid"),
    );
  });
}

test("refuses bytes that are not 32", () => {
  assert.throws(
    () => checksumFromBytes(new Uint8Array(31)),
    (error: unknown) => isAtomicError(error, "invalid"),
  );
});
