import * as assert from "uvu/assert";
import { fromText } from "../../../src/bytes.ts";
import { xxh32 } from "../../../src/ostree/image/xxh32.ts";
import { suite } from "../../support/suite.ts";

const test = suite("ostree/image/xxh32");

const VECTORS: [text: string, hash: number][] = [
  ["", 0x02cc5d05],
  ["a", 0x550d7456],
  ["abc", 0x32d153ff],
  ["Nobody inspects the spammish repetition", 0xe2293b2f],
];
for (const [text, hash] of VECTORS) {
  test(`hashes ${JSON.stringify(text)} as published`, () => assert.is(xxh32(fromText(text), 0), hash));
}
