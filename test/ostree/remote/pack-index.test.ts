import fc from "fast-check";
import * as assert from "uvu/assert";
import { type Checksum, checksumOf } from "../../../src/digest.ts";
import { encodePackIndex, FRAME, type PackIndex, parsePackIndex } from "../../../src/ostree/remote/pack-index.ts";
import { planJobs } from "../../../src/ostree/remote/pull-jobs.ts";
import { codeOf } from "../../deploy/host-fixture.ts";
import { suite } from "../../support/suite.ts";

const test = suite("ostree/remote: pack index");
const named = (i: number): Checksum => checksumOf(Buffer.from(String(i)));

/** An index of objects of these sizes, cut as a pack is; every frame is stored at half its size. */
function indexOf(sizes: readonly number[]): PackIndex {
  const index: PackIndex = { timestamp: 1, frames: [], objects: [] };
  let [filled, offset, end, start] = [0, 0, 0, 0];
  const cut = (): void => {
    for (; filled > 0; filled -= Math.min(filled, FRAME)) {
      const size = Math.min(filled, FRAME);
      const stored = Math.ceil(size / 2);
      index.frames.push({ offset, stored, start: end, size, checksum: named(index.frames.length) });
      offset += stored;
      end += size;
    }
  };
  sizes.forEach((size, i) => {
    if (filled + size > FRAME) cut();
    index.objects.push({ checksum: named(i), type: "file", size, start });
    start += size;
    filled += size;
    if (size > FRAME) cut();
  });
  cut();
  return index;
}

const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: 4 * FRAME })), {
  maxLength: 60,
});
const round = (index: PackIndex): PackIndex => {
  const bytes = encodePackIndex(index);
  return parsePackIndex(bytes, checksumOf(bytes));
};

test("an index survives a round trip", () => {
  fc.assert(fc.property(sizes.map(indexOf), (index) => assert.equal(round(index), index)));
});

test("the requests of a pull bring every wanted object once, and few bytes besides", () => {
  fc.assert(
    fc.property(sizes.map(indexOf), fc.func(fc.boolean()), (index, choose) => {
      const wanted = index.objects.filter(({ checksum }) => choose(checksum));
      const jobs = planJobs(index, (object) => wanted.includes(object));
      const found = jobs.flatMap(({ pieces }) => pieces.flatMap(({ objects }) => objects));
      assert.equal(found, wanted);
      let end = 0;
      for (const { offset, length, pieces } of jobs) {
        assert.ok(offset >= end && length > 0);
        end = offset + length;
        const frames = pieces.flatMap((piece) => piece.frames);
        assert.is(frames[0]!.offset, offset);
        frames.forEach((frame, i) => {
          const before = frames[i - 1];
          assert.ok(before === undefined || before.offset + before.stored === frame.offset);
        });
        assert.is(frames.at(-1)!.offset + frames.at(-1)!.stored, end);
        assert.ok(pieces.every(({ frames: own }) => own.length === 1) || pieces.length === 1);
      }
    }),
  );
});

const GOOD = indexOf([10, 20, 3 * FRAME + 5, 7]);
const BAD: [what: string, change: (index: PackIndex) => void][] = [
  ["more bytes in frames than in objects", (index) => void index.objects.pop()],
  ["more bytes in objects than in frames", (index) => void index.frames.pop()],
  ["a frame that is too large", (index) => (index.frames[0]!.size = FRAME + 1)],
  ["an empty frame", (index) => (index.frames[0]!.size = 0)],
  ["a frame stored larger than compression makes it", (index) => (index.frames[0]!.stored = 2 * FRAME)],
  ["an empty object", (index) => (index.objects[0]!.size = 0)],
  ["an object of an impossible size", (index) => (index.objects[0]!.size = Number.MAX_SAFE_INTEGER)],
  [
    "a small object across two frames",
    (index) => {
      index.objects[0]!.size += 5;
      index.objects[2]!.size -= 5;
    },
  ],
];
for (const [what, change] of BAD) {
  test(`refuses ${what}`, async () => {
    const index = structuredClone(GOOD);
    change(index);
    assert.is(await codeOf(() => round(index)), "invalid");
  });
}

test("refuses an index of another name, and any cut or extended one", async () => {
  const bytes = encodePackIndex(GOOD);
  assert.is(await codeOf(() => parsePackIndex(bytes, named(1))), "corrupt");
  for (const other of [bytes.subarray(0, -1), Buffer.concat([bytes, Buffer.from([0])]), Buffer.alloc(0)])
    assert.is(await codeOf(() => parsePackIndex(other, checksumOf(other))), "invalid");
});
