import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { zstdCompressSync } from "node:zlib";
import * as assert from "uvu/assert";
import { checksumOf } from "../../../src/digest.ts";
import { archiveMembers, createMemberFinder } from "../../../src/ostree/delta/archive-members.ts";
import { cpioArchive } from "../../support/cpio.ts";
import { suite } from "../../support/suite.ts";
import { tempDir } from "../../support/temp.ts";

const test = suite("ostree/delta/archive-members");
const dir = tempDir();
const [ONE, TWO, SMALL] = [Buffer.alloc(1000, "one"), Buffer.alloc(777, "two"), Buffer.from("small")];
const ARCHIVE = cpioArchive({ "usr/one": ONE, "usr/small": SMALL, "usr/two": TWO, again: ONE });
const MEMBERS = [checksumOf(ONE), checksumOf(TWO)];

function membersOf(bytes: Uint8Array): string[] {
  const path = join(dir, "archive");
  writeFileSync(path, bytes);
  return archiveMembers({ path, size: bytes.length });
}

test("an archive's files are found once each, small ones left out", () => {
  assert.equal(membersOf(ARCHIVE), MEMBERS);
});

test("so are those of a compressed archive behind an early one", () => {
  const early = Buffer.concat([cpioArchive({ microcode: TWO }), Buffer.alloc(512)]);
  assert.equal(membersOf(zstdCompressSync(ARCHIVE)), MEMBERS);
  assert.equal(membersOf(Buffer.concat([early, zstdCompressSync(ARCHIVE)])), [checksumOf(TWO), checksumOf(ONE)]);
});

test("what is no archive, or is cut short, has none, or those before the cut", () => {
  assert.equal(membersOf(ONE), []);
  assert.equal(membersOf(Buffer.from("070701")), []);
  assert.equal(membersOf(ARCHIVE.subarray(0, 1300)), MEMBERS.slice(0, 1));
  const lying = Buffer.from(ARCHIVE);
  lying.write("ffffffff", 54);
  assert.equal(membersOf(lying), []);
  lying.write("not hex!", 54);
  assert.equal(membersOf(lying), []);
});

test("members are old objects, or new ones that are made before", () => {
  const object = (bytes: Buffer) => ({ checksum: checksumOf(bytes), type: "file" as const, size: bytes.length });
  const find = createMemberFinder([object(SMALL), object(ONE)], [object(TWO)]);
  assert.equal(find(MEMBERS, 1), [
    { kind: "old", index: 1 },
    { kind: "new", index: 0 },
  ]);
  assert.equal(find(MEMBERS, 0), [{ kind: "old", index: 1 }]);
});
