import { encode } from "cborg";
import * as fc from "fast-check";
import * as assert from "uvu/assert";
import { type ByteString, fromText } from "../../src/bytes.ts";
import type { Checksum } from "../../src/digest.ts";
import { isAtomicError } from "../../src/errors.ts";
import {
  type Dirtree,
  type DirtreeEntry,
  EMPTY_CHECKSUM,
  EMPTY_VERITY,
  encodeDirtree,
  parseDirtree,
} from "../../src/ostree/dirtree.ts";
import { suite } from "../support/suite.ts";

const test = suite("ostree/dirtree");

const bytes = (options: { minLength: number; maxLength: number }) =>
  fc.uint8Array(options).map((array) => Buffer.from(array).toString("latin1") as ByteString);
const noNul = (value: string) => !value.includes("\0");
const name = bytes({ minLength: 1, maxLength: 255 }).filter((value) => noNul(value) && !/\/|^\.\.?$/.test(value));
const checksum = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((array) => Buffer.from(array).toString("hex") as Checksum);
const xattrs = fc
  .uniqueArray(
    fc.record(
      { name: bytes({ minLength: 1, maxLength: 40 }).filter(noNul), value: bytes({ minLength: 0, maxLength: 80 }) },
      { noNullPrototype: true },
    ),
    {
      selector: (xattr) => xattr.name,
      maxLength: 4,
    },
  )
  .map((list) => list.sort((a, b) => (a.name < b.name ? -1 : 1)));
const meta = fc.record(
  {
    mode: fc.integer({ min: 0, max: 0o7777 }),
    uid: fc.integer({ min: 0, max: 0xffffffff }),
    gid: fc.integer({ min: 0, max: 0xffffffff }),
    mtime: fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
    mtimeNsec: fc.integer({ min: 0, max: 999_999_999 }),
    xattrs,
  },
  { noNullPrototype: true },
);
const target = bytes({ minLength: 1, maxLength: 300 }).filter(noNul);
const entry: fc.Arbitrary<DirtreeEntry> = fc.oneof(
  fc
    .tuple(meta, fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), checksum, checksum)
    .map(([m, size, sum, verity]) => ({
      kind: "file" as const,
      ...m,
      size,
      checksum: sum,
      verity,
    })),
  meta.map((m) => ({ kind: "file" as const, ...m, size: 0, checksum: EMPTY_CHECKSUM, verity: EMPTY_VERITY })),
  fc.tuple(meta, checksum).map(([m, tree]) => ({ kind: "directory" as const, ...m, tree })),
  fc.tuple(meta, target).map(([m, to]) => ({ kind: "symlink" as const, ...m, target: to })),
  fc
    .tuple(meta, fc.constantFrom("character" as const, "block" as const), fc.integer({ min: 0, max: 0xffffffff }))
    .map(([m, kind, rdev]) => ({ kind, ...m, rdev })),
  fc.tuple(meta, fc.constantFrom("fifo" as const, "socket" as const)).map(([m, kind]) => ({ kind, ...m })),
  fc
    .array(name, { minLength: 1, maxLength: 3 })
    .map((names) => ({ kind: "hardlink" as const, target: `/${names.join("/")}` as ByteString })),
);
const dirtree: fc.Arbitrary<Dirtree> = fc.array(fc.tuple(name, entry), { maxLength: 8 }).map((list) => new Map(list));
const sorted = (tree: Dirtree) => [...tree].sort(([a], [b]) => (a < b ? -1 : 1));

test("gives back any legal tree byte for byte", () => {
  fc.assert(fc.property(dirtree, (tree) => assert.equal([...parseDirtree(encodeDirtree(tree))], sorted(tree))));
});

test("gives equal bytes whatever the order of insertion", () => {
  fc.assert(
    fc.property(dirtree, (tree) => assert.ok(encodeDirtree(new Map([...tree].reverse())).equals(encodeDirtree(tree)))),
  );
});

test("never throws anything but 'invalid' on hostile bytes", () => {
  const hostile = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.tuple(dirtree, fc.nat(), fc.nat(255)).map(([tree, at, value]) => {
      const damaged = encodeDirtree(tree);
      damaged[at % damaged.length] = value;
      return damaged;
    }),
    dirtree.map((tree) => encodeDirtree(tree).subarray(0, -1)),
  );
  fc.assert(
    fc.property(hostile, (input) => {
      try {
        parseDirtree(input);
      } catch (error) {
        assert.ok(isAtomicError(error, "invalid"), String(error));
      }
    }),
    { numRuns: 1000 },
  );
});

const file = (given: string) => [Buffer.from(given), 5, 0o644, 0, 0, 0, 0, []];
const HOSTILE: [string, unknown][] = [
  ["a newer format", [2, []]],
  ["no format", []],
  ["a field too many", [1, [], 0]],
  ["the name '..'", [1, [file("..")]]],
  ["the name '.'", [1, [file(".")]]],
  ["an empty name", [1, [file("")]]],
  ["a name with a slash", [1, [file("a/b")]]],
  ["a name with NUL", [1, [file("a\0")]]],
  ["a name of 256 bytes", [1, [file("x".repeat(256))]]],
  ["a name as text", [1, [["a", 5, 0o644, 0, 0, 0, 0, []]]]],
  ["names out of order", [1, [file("b"), file("a")]]],
  ["a name twice", [1, [file("a"), file("a")]]],
  ["an unknown kind", [1, [[Buffer.from("a"), 8]]]],
  ["a mode with a file type", [1, [[Buffer.from("a"), 5, 0o100644, 0, 0, 0, 0, []]]]],
  ["a negative uid", [1, [[Buffer.from("a"), 5, 0o644, -1, 0, 0, 0, []]]]],
  ["a fractional mtime", [1, [[Buffer.from("a"), 5, 0o644, 0, 0, 1.5, 0, []]]]],
  ["a billion nanoseconds", [1, [[Buffer.from("a"), 5, 0o644, 0, 0, 0, 1e9, []]]]],
  ["an odd xattr list", [1, [[Buffer.from("a"), 5, 0o644, 0, 0, 0, 0, [Buffer.from("user.a")]]]]],
  [
    "a file of negative size",
    [1, [[Buffer.from("a"), 0, 0o644, 0, 0, 0, 0, [], -1, Buffer.alloc(32), Buffer.alloc(32)]]],
  ],
  ["a short checksum", [1, [[Buffer.from("a"), 0, 0o644, 0, 0, 0, 0, [], 1, Buffer.alloc(31), Buffer.alloc(32)]]]],
  ["an empty symlink", [1, [[Buffer.from("a"), 2, 0o777, 0, 0, 0, 0, [], Buffer.from("")]]]],
  ["a symlink with NUL", [1, [[Buffer.from("a"), 2, 0o777, 0, 0, 0, 0, [], Buffer.from("a\0b")]]]],
  ["a symlink of 4096 bytes", [1, [[Buffer.from("a"), 2, 0o777, 0, 0, 0, 0, [], Buffer.alloc(4096, 97)]]]],
  ["a relative hard link", [1, [[Buffer.from("a"), 7, Buffer.from("b/c")]]]],
  ["a hard link through '..'", [1, [[Buffer.from("a"), 7, Buffer.from("/b/../c")]]]],
];
for (const [what, value] of HOSTILE) {
  test(`refuses ${what}`, () => {
    assert.throws(
      () => parseDirtree(encode(value)),
      (error: unknown) => isAtomicError(error, "invalid"),
    );
  });
}

test("refuses integers not in shortest form", () => {
  const tree = encodeDirtree(
    new Map([[fromText("a"), { kind: "fifo", mode: 0, uid: 0, gid: 0, mtime: 0, mtimeNsec: 0, xattrs: [] }]]),
  );
  const long = Buffer.concat([Buffer.from([0x82, 0x18, 0x01]), tree.subarray(2)]);
  assert.throws(
    () => parseDirtree(long),
    (error: unknown) => isAtomicError(error, "invalid"),
  );
});
