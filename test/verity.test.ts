import { createHash, randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import * as assert from "uvu/assert";
import { run } from "../src/spawn.ts";
import { createVerityHasher, verityOf } from "../src/verity.ts";
import { unmet } from "./support/needs.ts";
import { suite } from "./support/suite.ts";
import { tempDir } from "./support/temp.ts";

const test = suite("verity");

const BLOCK = 4096;
/** Blocks whose hashes fill one block of the level above. */
const FAN_OUT = 128;

const PUBLISHED: Record<string, string> = {
  "": "3d248ca542a24fc62d1c43b916eae5016878e2533c88238480b26128a1f1af95",
  "moo\n": "ebaa23af194a798df610e5fe2bd10725c9c4a3a56a6b62d4d0ee551d4fc4be27",
};

/** Where the tree's shape changes, and one byte to either side. */
const EDGES = [1, 2, 4, FAN_OUT, FAN_OUT + 1, 2 * FAN_OUT, 4 * FAN_OUT].map((blocks) => blocks * BLOCK);
const SIZES = [0, 1, ...EDGES.flatMap((size) => [size - 1, size, size + 1])];

/** The digest by the definition, with the whole tree in memory. */
function defined(bytes: Uint8Array): string {
  const sha256 = (input: Uint8Array): Buffer => createHash("sha256").update(input).digest();
  let level = bytes;
  let root: Buffer = Buffer.alloc(32);
  while (level.length > 0) {
    const hashes: Buffer[] = [];
    for (let at = 0; at < level.length; at += BLOCK) {
      const block = Buffer.alloc(BLOCK);
      block.set(level.subarray(at, at + BLOCK));
      hashes.push(sha256(block));
    }
    if (hashes.length === 1) {
      root = hashes[0]!;
      break;
    }
    level = Buffer.concat(hashes);
  }
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(bytes.length));
  const head = Buffer.from([1, 1, 12, 0, 0, 0, 0, 0]);
  return sha256(Buffer.concat([head, size, root, Buffer.alloc(256 - 8 - 8 - 32)])).toString("hex");
}

function inChunks(bytes: Uint8Array, lengths: Iterable<number>): string {
  const hasher = createVerityHasher();
  let at = 0;
  for (const length of lengths) {
    hasher.update(bytes.subarray(at, at + length));
    at += length;
  }
  hasher.update(bytes.subarray(at));
  return hasher.digest();
}

test("gives the published digests", () => {
  for (const [text, digest] of Object.entries(PUBLISHED)) assert.is(verityOf(Buffer.from(text)), digest);
});

test("follows the definition where the tree changes its shape", () => {
  for (const size of SIZES) {
    const bytes = randomBytes(size);
    assert.is(verityOf(bytes), defined(bytes), `${size} bytes`);
  }
});

test("tells zeros from the padding of a short block", () => {
  const digests = SIZES.map((size) => verityOf(Buffer.alloc(size)));
  assert.equal(
    digests,
    SIZES.map((size) => defined(Buffer.alloc(size))),
  );
  assert.is(new Set(digests).size, new Set(SIZES).size);
});

test("gives one digest however the bytes are cut", () => {
  const bytes = randomBytes(FAN_OUT * BLOCK + 3 * BLOCK + 5);
  const length = fc.oneof(fc.nat(3 * BLOCK), fc.constantFrom(0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 5 * BLOCK));
  fc.assert(
    fc.property(fc.nat(bytes.length), fc.array(length, { maxLength: 40 }), (size, lengths) => {
      const part = bytes.subarray(0, size);
      assert.is(inChunks(part, lengths), defined(part));
    }),
    { numRuns: 60 },
  );
});

test("leaves the bytes it is given alone", () => {
  const bytes = randomBytes(2 * BLOCK + 1);
  const before = Buffer.from(bytes);
  inChunks(bytes, [100, BLOCK]);
  assert.equal(bytes, before);
});

const noOracle = unmet({ programs: ["fsverity"] });

test.skipUnless(noOracle === undefined, `${noOracle}, Debian package fsverity`)("agrees with fsverity", () => {
  const directory = tempDir();
  const sizes = [...SIZES, FAN_OUT * FAN_OUT * BLOCK + 1];
  const digests = sizes.map((size) => {
    const bytes = randomBytes(size);
    writeFileSync(join(directory, `${size}`), bytes);
    return verityOf(bytes);
  });
  const paths = sizes.map((size) => join(directory, `${size}`));
  const printed = run(["fsverity", "digest", "--compact", ...paths]).stdout.toString();
  assert.equal(printed.trimEnd().split("\n"), digests);
});
