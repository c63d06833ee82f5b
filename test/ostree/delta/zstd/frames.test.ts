import { constants, zstdCompressSync } from "node:zlib";
import * as fc from "fast-check";
import * as assert from "uvu/assert";
import { isAtomicError } from "../../../../src/errors.ts";
import { createByteReader } from "../../../../src/ostree/delta/byte-reader.ts";
import { createByteWriter } from "../../../../src/ostree/delta/byte-writer.ts";
import { COMPRESSORS } from "../../../../src/ostree/delta/zstd/compressors.ts";
import { frameLength } from "../../../../src/ostree/delta/zstd/frame-layout.ts";
import { recordFrame } from "../../../../src/ostree/delta/zstd/recorded-frame.ts";
import {
  createPlainReader,
  createPlainWriter,
  createPredictedReader,
  createPredictedWriter,
} from "../../../../src/ostree/delta/zstd/sequence-codecs.ts";
import { writeFrame } from "../../../../src/ostree/delta/zstd/write-frame.ts";
import { suite } from "../../../support/suite.ts";

const test = suite("ostree/delta/zstd/frames");
const MAX = 2 ** 24;

/** Bytes with much that repeats, nearly so or exactly, near and far. */
const repetitive = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.tuple(fc.nat(255), fc.nat(3000)).map(([byte, length]) => new Uint8Array(length).fill(byte)),
      fc
        .tuple(fc.constantFrom("module_init ", "symbol", "\0\0\0\x01", "the quick brown fox "), fc.nat(60))
        .map(([text, n]) => Buffer.from(text.repeat(n))),
      fc
        .tuple(fc.nat(1000), fc.nat(1000))
        .map(([a, n]) => Buffer.from(Array.from({ length: n }, (_, i) => (i * a) >> 4))),
    ),
    { maxLength: 30 },
  )
  .map((pieces) => new Uint8Array(Buffer.concat(pieces)));

const settings = fc.record({
  level: fc.integer({ min: -5, max: 19 }),
  windowLog: fc.constantFrom(0, 10, 15, 21, 22, 24),
  checksum: fc.nat(1),
  size: fc.nat(1),
});

function compress(content: Uint8Array, { level, windowLog, checksum, size }: Record<string, number>): Uint8Array {
  const params = {
    [constants.ZSTD_c_compressionLevel]: level!,
    [constants.ZSTD_c_windowLog]: windowLog!,
    [constants.ZSTD_c_checksumFlag]: checksum!,
    [constants.ZSTD_c_contentSizeFlag]: size!,
  };
  return new Uint8Array(zstdCompressSync(content, { params }));
}

function again(frame: Uint8Array, how: "plain" | number): Uint8Array {
  const { content, blocks, replay } = recordFrame(frame, MAX);
  const bytes =
    how === "plain"
      ? replay(createPlainWriter()).finish()
      : replay(createPredictedWriter(content, COMPRESSORS[how]!)).finish();
  const input = createByteReader(bytes, "sequences");
  const sequences =
    how === "plain" ? createPlainReader(input) : createPredictedReader(content, COMPRESSORS[how]!, input);
  const out = createByteWriter();
  writeFrame(content, { blocks: createByteReader(blocks, "blocks"), ...sequences }, out);
  input.end();
  return out.finish();
}

test("a frame of any level is taken apart and made again, byte for byte", () => {
  fc.assert(
    fc.property(repetitive, settings, (content, how) => {
      const frame = compress(content, how);
      assert.is(frameLength(frame), frame.length);
      assert.equal(Buffer.from(recordFrame(frame, MAX).content), Buffer.from(content));
      assert.ok(Buffer.from(again(frame, "plain")).equals(frame));
    }),
    { numRuns: 60 },
  );
});

test("so is one whose sequences are written against any compressor's predictions", () => {
  fc.assert(
    fc.property(repetitive, settings, fc.nat(COMPRESSORS.length - 1), (content, how, compressor) => {
      const frame = compress(content, how);
      assert.ok(Buffer.from(again(frame, compressor)).equals(frame));
    }),
    { numRuns: 20 },
  );
});

const LARGE = Buffer.from(
  Array.from({ length: 20_000 }, (_, i) => `${(i * 7919) % 10_007} entry ${i % 977} of ${i >> 3}\n`).join(""),
);

for (const level of [-7, 1, 3, 5, 7, 9, 12, 13, 16, 18, 19, 22]) {
  test(`many blocks of level ${level} are made again`, () => {
    const frame = compress(LARGE, { level, windowLog: 0, checksum: 1, size: 1 });
    assert.ok(Buffer.from(again(frame, "plain")).equals(frame));
  });
}

/** What a frame without a checksum begins with: magic, no flags, and a window of 1 KiB. */
const HEAD = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x00];
const block = (type: number, size: number): number[] => {
  const header = 1 + 2 * type + 8 * size;
  return [header & 255, (header >> 8) & 255, header >> 16];
};
const compressed = (...bytes: number[]): number[] => [...HEAD, ...block(2, bytes.length), ...bytes];

const HOSTILE: { what: string; frame: number[] }[] = [
  { what: "nothing", frame: [] },
  { what: "another magic", frame: [0x29, ...HEAD.slice(1), ...block(0, 0)] },
  { what: "half a header", frame: HEAD.slice(0, 5) },
  { what: "a dictionary", frame: [...HEAD.slice(0, 4), 0x01, 0x00, 0x07, ...block(0, 0)] },
  { what: "no block", frame: HEAD },
  { what: "half a block's header", frame: [...HEAD, 1, 0] },
  { what: "a raw block that is cut short", frame: [...HEAD, ...block(0, 4), 1, 2, 3] },
  { what: "a repeated byte that is not there", frame: [...HEAD, ...block(1, 4)] },
  { what: "a reserved block", frame: [...HEAD, ...block(3, 1), 0] },
  { what: "a checksum that is not there", frame: [...HEAD.slice(0, 4), 0x04, 0x00, ...block(0, 0)] },
  { what: "an empty compressed block", frame: compressed() },
  { what: "literals that are cut short", frame: compressed(0x50, 1, 2) },
  { what: "literals and no sequences section", frame: compressed(0x08, 1) },
  { what: "bytes behind no sequences", frame: compressed(0x08, 1, 0, 9) },
  { what: "sequences without tables", frame: compressed(0x08, 1, 1) },
  { what: "reserved modes", frame: compressed(0x08, 1, 1, 0x01, 0x80) },
  { what: "a repeated table that never was", frame: compressed(0x08, 1, 1, 0xfc, 0x80) },
  { what: "a constant symbol that there is none of", frame: compressed(0x08, 1, 1, 0x54, 60, 60, 60, 1) },
  { what: "a table of too many states", frame: compressed(0x08, 1, 1, 0xa8, 0x0f, 0x00, 0x80) },
  { what: "a table that is cut short", frame: compressed(0x08, 1, 1, 0xa8, 0x00) },
  { what: "a bit stream without an end mark", frame: compressed(0x08, 1, 1, 0x00, 0x00) },
  { what: "bits that do not come out even", frame: compressed(0x08, 1, 1, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f) },
  { what: "a Huffman tree that is cut short", frame: compressed(0x12, 0x40, 0x00, 0x90) },
  { what: "more sequences than there are", frame: compressed(0x08, 1, 0xff, 0xff, 0xff, 0x00, 0x80) },
];

for (const { what, frame } of HOSTILE) {
  test(`refuses a frame with ${what}`, () => {
    assert.throws(
      () => recordFrame(Uint8Array.from(frame).subarray(0, frameLength(Uint8Array.from(frame))), MAX),
      (error: unknown) => isAtomicError(error, "invalid"),
    );
  });
}

test("refuses a frame of more content than it may have", () => {
  const frame = compress(new Uint8Array(100_000), { level: 3, windowLog: 0, checksum: 0, size: 0 });
  assert.throws(
    () => recordFrame(frame, 99_999),
    (error: unknown) => isAtomicError(error, "invalid"),
  );
});

test("a changed frame is taken apart and made again as it is, or refused", () => {
  const frame = compress(LARGE.subarray(0, 5000), { level: 9, windowLog: 0, checksum: 0, size: 1 });
  fc.assert(
    fc.property(fc.nat(frame.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const changed = Uint8Array.from(frame);
      changed[at]! ^= change;
      try {
        again(changed, "plain");
      } catch (error) {
        assert.ok(isAtomicError(error, "invalid"), String(error));
      }
    }),
    { numRuns: 200 },
  );
});

test("a changed parse makes a frame, or is refused", () => {
  const frame = compress(LARGE.subarray(0, 20_000), { level: 9, windowLog: 0, checksum: 1, size: 1 });
  const { content, blocks, replay } = recordFrame(frame, MAX);
  const plain = replay(createPlainWriter()).finish();
  const predicted = replay(createPredictedWriter(content, COMPRESSORS[4]!)).finish();
  const change = fc.record({
    of: fc.constantFrom("blocks", "plain", "predicted"),
    at: fc.nat(),
    by: fc.integer({ min: 1, max: 255 }),
  });
  fc.assert(
    fc.property(change, ({ of, at, by }) => {
      const changed = (bytes: Uint8Array, which: string): Uint8Array => {
        const copy = Uint8Array.from(bytes);
        if (of === which) copy[at % copy.length]! ^= by;
        return copy;
      };
      const input = createByteReader(changed(blocks, "blocks"), "blocks");
      const source =
        of === "predicted"
          ? createPredictedReader(content, COMPRESSORS[4]!, createByteReader(changed(predicted, of), of))
          : createPlainReader(createByteReader(changed(plain, "plain"), "plain"));
      const out = createByteWriter();
      try {
        writeFrame(content, { blocks: input, ...source }, out);
      } catch (error) {
        assert.ok(isAtomicError(error, "invalid"), String(error));
      }
      assert.ok(out.finish().length < 20 * (content.length + plain.length));
    }),
    { numRuns: 200 },
  );
});
