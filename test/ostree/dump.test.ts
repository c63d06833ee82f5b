import fc from "fast-check";
import * as assert from "uvu/assert";
import { isAtomicError } from "../../src/errors.ts";
import { writeDump } from "../../src/ostree/dump.ts";
import { renderImage } from "../../src/ostree/image/index.ts";
import { run } from "../../src/spawn.ts";
import { arbitraryTree } from "../support/arbitrary-tree.ts";
import { composefsInfo, ownImage } from "../support/composefs.ts";
import { suite } from "../support/suite.ts";
import { tempDir } from "../support/temp.ts";
import { device, dir, file, hardlink, pipe, symlink, xattrs } from "../support/tree-builder.ts";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

const test = suite("ostree/dump");

test("writes one line an inode, depth first, with composefs' escapes", () => {
  const exact = {
    ...file(5, { mode: 0o4755, uid: 1, gid: 2, mtime: -3, mtimeNsec: 4 }),
    checksum: "ab".repeat(32),
    verity: "cd".repeat(32),
  };
  const root = dir(
    {
      "a b=c": exact as ReturnType<typeof file>,
      d: dir({ sub: dir(), "\xff\n\t\r\\": file(0) }),
      dash: symlink("-"),
      "e-link": hardlink("/a b=c"),
      fifo: pipe("fifo"),
      null: device("character", 0x103),
      target: symlink("to = there"),
    },
    { xattrs: xattrs({ "user.a=b": "x=y -\0", "user.empty": "" }) },
  );
  assert.equal(writeDump(root).split("\n"), [
    "/ 0 40755 3 0 0 0 1700000000.0 - - - user.a\\x3db=x\\x3dy\\x20-\\x00 user.empty=",
    `/a\\x20b=c 5 104755 2 1 2 0 -3.4 ab/${"ab".repeat(31)}.file - ${"cd".repeat(32)}`,
    "/d 0 40755 3 0 0 0 1700000000.0 - - -",
    "/d/sub 0 40755 2 0 0 0 1700000000.0 - - -",
    "/d/\\xff\\n\\t\\r\\\\ 0 100644 1 0 0 0 1700000000.0 - - -",
    "/dash 1 120777 1 0 0 0 1700000000.0 \\x2d - -",
    `/e-link 5 @104755 2 1 2 0 -3.4 /a\\x20b=c - ${"cd".repeat(32)}`,
    "/fifo 0 10644 1 0 0 0 1700000000.0 - - -",
    "/null 0 20644 1 0 0 259 1700000000.0 - - -",
    "/target 10 120777 1 0 0 0 1700000000.0 to\\x20=\\x20there - -",
    "",
  ]);
});

test("refuses a hard link that leads nowhere", () => {
  assert.throws(
    () => writeDump(dir({ l: hardlink("/x") })),
    (error: unknown) => isAtomicError(error, "invalid"),
  );
});

/**
 * What both dumps say: composefs-info prints a directory's size in the image and xattrs in the image's order, and it
 * overlooks an entry of four bytes at the end, which only an empty ACL has.
 */
function comparable(dump: string): string[] {
  return dump.split("\n").map((line) => {
    const [path, size, mode, ...fields] = line.split(" ");
    const isDirectory = mode?.startsWith("4") === true;
    const xattrs = fields.slice(8).filter((text) => !/^system\.posix_acl_(access|default)=$/.test(text));
    return [path, isDirectory ? "" : size, mode, ...fields.slice(0, 8), ...xattrs.sort()].join(" ");
  });
}

const compared = test.skipUnless(composefsInfo.missing === undefined, composefsInfo.missing ?? "");
compared("agrees with composefs-info on what is in an image", () => {
  const path = join(tempDir(), "image");
  fc.assert(
    fc.property(arbitraryTree({ overlays: false }), (root) => {
      fc.pre(ownImage(root) !== undefined);
      const dump = writeDump(root);
      writeFileSync(path, renderImage(root));
      const found = run([...composefsInfo.argv, "dump", path], { maxOutput: 2 ** 26 }).stdout.toString("latin1");
      assert.equal(comparable(found), comparable(dump));
    }),
    { numRuns: 60 },
  );
});
