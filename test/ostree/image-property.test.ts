import { AT_FDCWD, close, O_DIRECTORY, O_RDONLY, openAt } from "../../src/linux/index.ts";
import { checksumOf } from "../../src/digest.ts";
import { renderImage } from "../../src/ostree/image/index.ts";
import { scanDirectory } from "../../src/ostree/scan.ts";
import fc from "fast-check";
import * as assert from "uvu/assert";
import { arbitraryTree } from "../support/arbitrary-tree.ts";
import { mkcomposefs, ownImage, referenceImage } from "../support/composefs.ts";
import { suite } from "../support/suite.ts";

const test = suite("ostree/image against mkcomposefs", mkcomposefs.missing);

test("accepts and refuses the same trees, and renders them to the same bytes", () => {
  fc.assert(
    fc.property(arbitraryTree({ overlays: true }), (root) => {
      const expected = referenceImage(root);
      const found = ownImage(root);
      assert.is(found !== undefined, expected !== undefined, "accepted by both");
      assert.ok(found === undefined || found.equals(expected!), "equal bytes");
    }),
    { numRuns: 200 },
  );
});

test("renders this machine's /usr to the same bytes", () => {
  const fd = openAt(AT_FDCWD, "/usr", O_RDONLY | O_DIRECTORY);
  const { root, files } = scanDirectory(fd);
  close(fd);
  for (const { path, node } of files) {
    node.checksum = checksumOf(Buffer.from(path)); // the content does not matter
    node.verity = checksumOf(Buffer.from(`verity of ${path}`));
  }
  assert.ok(renderImage(root).equals(referenceImage(root)!));
});
