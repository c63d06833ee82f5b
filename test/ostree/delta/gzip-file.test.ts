import { gzipSync } from "node:zlib";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import * as assert from "uvu/assert";
import { isAtomicError } from "../../../src/errors.ts";
import { gzipContent, packGzip, unpackGzip } from "../../../src/ostree/delta/gzip/gzip-file.ts";
import { run } from "../../../src/spawn.ts";
import { suite } from "../../support/suite.ts";
import { tempDir } from "../../support/temp.ts";

const test = suite("ostree/delta/gzip-file");
const dir = tempDir();
const MAX = 2 ** 24;

/** What GNU gzip makes of a file. */
function gnuGzip(content: Uint8Array, ...options: string[]): Buffer {
  const file = join(dir, "content");
  writeFileSync(file, content);
  return run(["gzip", "-c", ...options, file]).stdout;
}

const TEXT = Buffer.from(
  Array.from(
    { length: 12_000 },
    (_, i) => `${(i * 7919) % 10_007} fixed by ${i % 97}: ${"word ".repeat(i % 5)}\n`,
  ).join(""),
);
const NOISE = Buffer.from(Array.from({ length: 3000 }, (_, i) => (Math.imul(i, i ^ 0x9e3779b1) >>> 13) & 0xff));

for (const { what, content, options } of [
  { what: "-9n", content: TEXT, options: ["-9n"] },
  { what: "-6", content: TEXT, options: ["-6"] },
  { what: "-9 with a name", content: TEXT.subarray(0, 5000), options: ["-9N"] },
  { what: "-9 of runs", content: Buffer.alloc(200_000, "ab"), options: ["-9n"] },
  { what: "-9 of a few bytes", content: Buffer.from("abc\n"), options: ["-9n"] },
]) {
  test(`what \`gzip ${what}\` made is predicted, and packed to the same bytes`, () => {
    const bytes = gnuGzip(content, ...options);
    const unpacked = unpackGzip(bytes, MAX);
    assert.ok(unpacked !== undefined && Buffer.from(unpacked).includes(content));
    assert.ok(
      unpacked.length - content.length < 60 + bytes.length / 20,
      `${unpacked.length - content.length} more bytes`,
    );
    assert.ok(bytes.equals(packGzip(unpacked)));
  });
}

test("what other compressors made is packed to the same bytes, or not unpacked", () => {
  const content = fc
    .array(fc.oneof(fc.uint8Array({ maxLength: 50 }), fc.constantFrom(TEXT.subarray(0, 900), NOISE.subarray(0, 70))))
    .map((pieces) => Buffer.concat(pieces));
  fc.assert(
    fc.property(content, fc.integer({ min: 0, max: 9 }), (bytes, level) => {
      const file = gzipSync(bytes, { level });
      const unpacked = unpackGzip(file, MAX);
      if (unpacked !== undefined) assert.ok(file.equals(packGzip(unpacked)));
    }),
    { numRuns: 100 },
  );
});

test("what is no whole gzip file, or holds too much, is not unpacked", () => {
  const file = gnuGzip(TEXT, "-9n");
  const flagged = Buffer.from(file);
  flagged[3] = 0xff;
  for (const bytes of [Buffer.alloc(0), TEXT, file.subarray(0, 9), file.subarray(0, 500), flagged]) {
    assert.is(unpackGzip(bytes, MAX), undefined);
  }
  assert.is(unpackGzip(file, TEXT.length - 1), undefined);
  assert.is(gzipContent(file, TEXT.length - 1), undefined);
  assert.is(unpackGzip(gzipSync(NOISE, { level: 0 }), MAX), undefined);
});

test("an unpacked file that was changed is packed or refused", () => {
  const unpacked = unpackGzip(gnuGzip(TEXT.subarray(0, 3000), "-9n"), MAX)!;
  const change = fc.record({ at: fc.nat(unpacked.length - 1), by: fc.integer({ min: 1, max: 255 }) });
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
      const bytes = Uint8Array.from(unpacked);
      for (const { at, by } of changes) bytes[at]! ^= by;
      try {
        packGzip(bytes);
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
        packGzip(bytes);
      } catch (error) {
        assert.ok(isAtomicError(error, "invalid"), String(error));
      }
    }),
  );
});
