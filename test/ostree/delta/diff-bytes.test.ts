import * as fc from "fast-check";
import * as assert from "uvu/assert";
import { isAtomicError } from "../../../src/errors.ts";
import { createByteReader } from "../../../src/ostree/delta/byte-reader.ts";
import { createByteWriter } from "../../../src/ostree/delta/byte-writer.ts";
import { diffBytes } from "../../../src/ostree/delta/diff-bytes.ts";
import { patchBytes } from "../../../src/ostree/delta/patch-bytes.ts";
import { createStreams, eachStream, type Streams, STREAMS } from "../../../src/ostree/delta/streams.ts";
import { suite } from "../../support/suite.ts";

const test = suite("ostree/delta/diff-bytes");

function diff(base: Uint8Array, next: Uint8Array): Streams<Uint8Array> {
  const out = createStreams();
  diffBytes(base, next, out);
  return eachStream((name) => out[name].finish());
}

function patch(base: Uint8Array, size: number, streams: Streams<Uint8Array>): Uint8Array {
  const input = eachStream((name) => createByteReader(streams[name], name));
  const result = patchBytes(base, size, input);
  for (const name of STREAMS) input[name].end();
  return result;
}

const sizeOf = (streams: Streams<Uint8Array>) => STREAMS.reduce((sum, name) => sum + streams[name].length, 0);

/** Pseudorandom bytes, the same for the same seed. */
function noise(length: number, seed: number): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state >>> 24;
  });
}

const bytes = fc.uint8Array({ maxLength: 300 });
/** A byte string and another made of it by cutting, moving and inserting. */
const related = fc
  .tuple(bytes, fc.array(fc.tuple(fc.nat(300), fc.nat(300), fc.uint8Array({ maxLength: 12 })), { maxLength: 8 }))
  .map(([base, cuts]) => ({
    base,
    next: new Uint8Array(
      Buffer.concat(cuts.flatMap(([from, length, own]) => [base.subarray(from, from + length), own])),
    ),
  }));

test("what is patched is what was differenced", () => {
  fc.assert(
    fc.property(fc.oneof(related, fc.record({ base: bytes, next: bytes })), ({ base, next }) => {
      assert.equal(patch(base, next.length, diff(base, next)), next);
    }),
    { numRuns: 2000 },
  );
});

test("a few changed bytes in much that is equal cost a few bytes", () => {
  const base = noise(200_000, 1);
  const next = Uint8Array.from(base);
  for (const at of [0, 70_000, 70_001, 199_000]) next[at]! ^= 0x55;
  const streams = diff(base, next);
  assert.ok(sizeOf(streams) < 40, `${sizeOf(streams)} bytes`);
  assert.is(streams.literals.length, 0);
});

test("bytes put in and taken out move the rest, which is found again", () => {
  const base = noise(100_000, 2);
  const next = Buffer.concat([base.subarray(0, 40_000), noise(50, 3), base.subarray(41_000)]);
  const streams = diff(base, next);
  assert.ok(sizeOf(streams) < 120, `${sizeOf(streams)} bytes`);
  assert.equal(Buffer.from(patch(base, next.length, streams)), next);
});

test("runs of one byte do not take the square of their length", () => {
  const base = new Uint8Array(3_000_000);
  const next = new Uint8Array(3_500_000);
  next[1_000_000] = 1;
  assert.equal(patch(base, next.length, diff(base, next)), next);
});

test("numbers come back as they were written", () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.maxSafeInteger(), (a, b) => {
      const out = createByteWriter();
      out.varint(a);
      out.signed(Math.trunc(b / 2));
      const input = createByteReader(out.finish(), "test");
      assert.is(input.varint(a), a);
      assert.is(input.signed(Number.MAX_SAFE_INTEGER / 2) + 0, Math.trunc(b / 2) + 0);
      input.end();
    }),
  );
});

const HOSTILE: {
  what: string;
  size: number;
  operations: number[];
  gaps?: number[];
  changes?: number[];
  literals?: number[];
}[] = [
  { what: "nothing at all", size: 1, operations: [] },
  { what: "a piece of no bytes", size: 1, operations: [0, 0] },
  { what: "more literals than bytes wanted", size: 1, operations: [0, 2], literals: [1, 2] },
  { what: "literals that are not there", size: 2, operations: [0, 2], literals: [1] },
  { what: "a copy longer than what is wanted", size: 1, operations: [2, 0, 0, 0] },
  { what: "a copy before the base", size: 2, operations: [2, 0, 1, 0] },
  { what: "a copy behind the base", size: 5, operations: [5, 0, 0, 0] },
  { what: "a change outside of its piece", size: 2, operations: [2, 0, 0, 1], gaps: [2], changes: [1] },
  { what: "more changes than bytes", size: 2, operations: [2, 0, 0, 3], gaps: [0, 0, 0], changes: [1, 1, 1] },
  { what: "a change that is not there", size: 2, operations: [2, 0, 0, 1], gaps: [0] },
  { what: "a number without an end", size: 2, operations: [0xff, 0xff, 0xff] },
  { what: "a number beyond 2^53", size: 2, operations: Array<number>(9).fill(0xff) },
];

for (const { what, size, operations, gaps = [], changes = [], literals = [] } of HOSTILE) {
  test(`refuses ${what}`, () => {
    const lists = { operations, gaps, changes, literals };
    const streams = eachStream((name) => Uint8Array.from(lists[name]));
    assert.throws(
      () => patch(new Uint8Array(4), size, streams),
      (error: unknown) => isAtomicError(error, "invalid"),
    );
  });
}

test("arbitrary streams are refused, or make as many bytes as were asked for", () => {
  const stream = fc.uint8Array({ maxLength: 40 });
  fc.assert(
    fc.property(
      fc.tuple(stream, stream, stream, stream),
      fc.nat(100),
      ([operations, gaps, changes, literals], size) => {
        try {
          assert.is(patch(noise(50, 4), size, { operations, gaps, changes, literals }).length, size);
        } catch (error) {
          assert.ok(isAtomicError(error, "invalid"), String(error));
        }
      },
    ),
    { numRuns: 2000 },
  );
});
