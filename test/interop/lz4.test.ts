/** Our compressor against `lz4 -9`, which compressed the payload of Debian's kernels: every byte must agree. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { compressLz4 } from "../../src/ostree/delta/lz4-compress.ts";
import { run } from "../../src/spawn.ts";
import { peer } from "../support/peers.ts";
import { suite } from "../support/suite.ts";
import { tempDir } from "../support/temp.ts";

const lz4 = peer("lz4");
const test = suite("interop/lz4", lz4.missing);
const dir = tempDir();

/** The frame's magic, and the length of its only block. */
const FRAME_HEAD = 8;
const program = readFileSync(process.execPath);

const SOURCES: { what: string; bytes: Uint8Array }[] = [
  {
    what: "nothing that repeats",
    bytes: Uint8Array.from({ length: 70_000 }, (_, i) => (Math.imul(i, i ^ 0x9e3779b1) >>> 13) & 0xff),
  },
  { what: "one run", bytes: new Uint8Array(300_000).fill(9) },
  {
    what: "runs of different lengths",
    bytes: Uint8Array.from({ length: 200_000 }, (_, i) => (i % 97 < i % 61 ? 0 : i % 5)),
  },
  { what: "a pattern of two bytes", bytes: Uint8Array.from({ length: 100_000 }, (_, i) => i & 1) },
  {
    what: "words",
    bytes: Buffer.from(
      Array.from({ length: 40_000 }, (_, i) => ["alpha", "beta", "gam", "delta,"][((i * i) % 7) % 4]).join(" "),
    ),
  },
  { what: "machine code", bytes: program.subarray(40_000_000, 42_000_000) },
  { what: "the start of an executable", bytes: program.subarray(0, 1_000_000) },
  { what: "fewer bytes than a match needs", bytes: Buffer.from("aaaaaaaaaaaa") },
];

for (const { what, bytes } of SOURCES) {
  test(`compresses as lz4 does: ${what}`, () => {
    const [source, target] = [join(dir, "source"), join(dir, "target")];
    writeFileSync(source, bytes);
    run([...lz4.argv, "-q", "-f", "-l", "-9", source, target]);
    assert.ok(readFileSync(target).subarray(FRAME_HEAD).equals(compressLz4(bytes)));
  });
}
