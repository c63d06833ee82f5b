import { constants, zstdCompressSync } from "node:zlib";
import * as fc from "fast-check";
import * as assert from "uvu/assert";
import { isAtomicError } from "../../../../src/errors.ts";
import { packZstd, unpackContents, unpackPlain, unpackPredicted } from "../../../../src/ostree/delta/zstd/zstd-file.ts";
import { suite } from "../../../support/suite.ts";

const test = suite("ostree/delta/zstd/zstd-file");
const MAX = 2 ** 24;
const TEXT = Buffer.from(Array.from({ length: 3000 }, (_, i) => `module ${i * i} depends on ${i % 50}\n`).join(""));
const frame = (content: Uint8Array, level = 9): Buffer =>
  zstdCompressSync(content, { params: { [constants.ZSTD_c_compressionLevel]: level } });
const PADDING = Buffer.alloc(512);
const EARLY = Buffer.concat([Buffer.from("07070100000"), Buffer.alloc(300, 5), PADDING]);

const FILES: { what: string; bytes: Buffer; contents: Buffer }[] = [
  { what: "one frame", bytes: frame(TEXT), contents: TEXT },
  {
    what: "a frame behind an early archive and before padding",
    bytes: Buffer.concat([EARLY, frame(TEXT), PADDING]),
    contents: Buffer.concat([EARLY, TEXT, PADDING]),
  },
  {
    what: "several frames, one of them empty",
    bytes: Buffer.concat([frame(TEXT, 1), frame(Buffer.alloc(0)), EARLY, frame(TEXT, 19)]),
    contents: Buffer.concat([TEXT, EARLY, TEXT]),
  },
  {
    what: "what only begins like a frame, and then one",
    bytes: Buffer.concat([frame(TEXT).subarray(0, 40), frame(TEXT)]),
    contents: Buffer.concat([frame(TEXT).subarray(0, 40), TEXT]),
  },
];

for (const { what, bytes, contents } of FILES) {
  test(`a file with ${what} is unpacked, and packed to the same bytes`, () => {
    const unpacked = unpackPlain(bytes, MAX);
    assert.ok(unpacked !== undefined && Buffer.from(unpacked).includes(TEXT));
    assert.ok(bytes.equals(packZstd(unpacked)));
    assert.ok(contents.equals(unpackContents(bytes, MAX)!));
  });
}

test("a file without frames is not unpacked", () => {
  for (const bytes of [Buffer.alloc(0), TEXT, frame(TEXT).subarray(0, 100), frame(TEXT).subarray(1)]) {
    assert.is(unpackPlain(bytes, MAX), undefined);
    assert.is(unpackPredicted(bytes, MAX), undefined);
    assert.is(unpackContents(bytes, MAX), undefined);
  }
});

test("frames that hold more than allowed stay as they are", () => {
  const bytes = Buffer.concat([frame(TEXT), frame(TEXT)]);
  const unpacked = unpackContents(bytes, TEXT.length + 10)!;
  assert.ok(Buffer.concat([TEXT, frame(TEXT)]).equals(unpacked));
  assert.is(unpackContents(bytes, TEXT.length - 1), undefined);
});

test("frames of a compressor that is not known are not predicted", () => {
  assert.is(unpackPredicted(frame(TEXT, 1), MAX), undefined);
});

test("an unpacked file that was changed is packed or refused", () => {
  const unpacked = unpackPlain(frame(TEXT.subarray(0, 400)), MAX)!;
  const change = fc.record({ at: fc.nat(unpacked.length - 1), by: fc.integer({ min: 1, max: 255 }) });
  const changes = fc.array(change, { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(changes, (list) => {
      const bytes = Uint8Array.from(unpacked);
      for (const { at, by } of list) bytes[at]! ^= by;
      try {
        packZstd(bytes);
      } catch (error) {
        assert.ok(isAtomicError(error, "invalid"), String(error));
      }
    }),
    { numRuns: 500 },
  );
});

test("arbitrary bytes are packed or refused", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      try {
        packZstd(bytes);
      } catch (error) {
        assert.ok(isAtomicError(error, "invalid"), String(error));
      }
    }),
  );
});
