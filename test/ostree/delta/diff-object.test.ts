import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { createByteReader } from "../../../src/ostree/delta/byte-reader.ts";
import { diffObject } from "../../../src/ostree/delta/diff-object.ts";
import { makeObject } from "../../../src/ostree/delta/make-object.ts";
import { eachStream } from "../../../src/ostree/delta/streams.ts";
import { makeLz4Kernel } from "../../support/lz4-kernel.ts";
import { suite } from "../../support/suite.ts";
import { tempDir } from "../../support/temp.ts";

const test = suite("ostree/delta/diff-object");
const dir = tempDir();
const PLAIN = 0;
const KERNEL = 1;

const payload = (n: number): Buffer =>
  Buffer.from(Array.from({ length: 500 }, (_, i) => `symbol ${i} at ${i * 16 + n}\n`).join(""));

/** A kernel that unpacks like others, and that no `lz4 -9` made: its only block is all literals. */
function storedKernel(content: Uint8Array): Buffer {
  const usual = makeLz4Kernel(content);
  const start = 1024 + 60;
  const length = usual.readUInt32LE(start + 4);
  const more = Math.floor((content.length - 15) / 255);
  const block = Buffer.concat([
    Buffer.from([0xf0, ...Array<number>(more).fill(255), (content.length - 15) % 255]),
    content,
  ]);
  const head = Buffer.from(usual.subarray(0, start + 8));
  head.writeUInt32LE(block.length, start + 4);
  head.writeUInt32LE(8 + block.length + 4, 0x24c);
  return Buffer.concat([head, block, usual.subarray(start + 8 + length)]);
}

/** The packing that is chosen when `next` is made of `base`; checks that it can be made. */
function packingOf(base: Uint8Array, next: Uint8Array): number {
  const [from, to] = [join(dir, "base"), join(dir, "next")];
  writeFileSync(from, base);
  writeFileSync(to, next);
  const sources = [{ path: from, size: base.length }];
  const streams = diffObject({ target: { path: to, size: next.length }, sources });
  const readers = eachStream((name) => createByteReader(streams[name], name));
  assert.ok(Buffer.concat([...makeObject(next.length, sources, readers)]).equals(readFileSync(to)));
  return streams.operations[0]!;
}

test("kernels are differenced by what is compressed in them", () => {
  assert.is(packingOf(makeLz4Kernel(payload(1)), makeLz4Kernel(payload(2))), KERNEL);
});

test("a kernel whose base is none is differenced as it is", () => {
  assert.is(packingOf(payload(1), makeLz4Kernel(payload(2))), PLAIN);
});

test("a kernel that would not become the same bytes again is differenced as it is", () => {
  assert.is(packingOf(makeLz4Kernel(payload(1)), storedKernel(payload(2))), PLAIN);
});

test("one that is only the base may be compressed in any way", () => {
  assert.is(packingOf(storedKernel(payload(1)), makeLz4Kernel(payload(2))), KERNEL);
});
