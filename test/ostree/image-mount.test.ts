import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { createDurable } from "../../src/durable.ts";
import { mount, MS_RDONLY, umount } from "../../src/linux/index.ts";
import { commitTree, initRepo, loadTree } from "../../src/ostree/index.ts";
import { renderImage } from "../../src/ostree/image/index.ts";
import type { DirectoryNode } from "../../src/ostree/tree.ts";
import { run } from "../../src/spawn.ts";
import { listing } from "../support/listing.ts";
import { unmet } from "../support/needs.ts";
import { makeSampleTree } from "../support/sample-tree.ts";
import { suite } from "../support/suite.ts";
import { tempDir } from "../support/temp.ts";
import { device, dir, file, hardlink, symlink, whiteout, xattrs } from "../support/tree-builder.ts";

const test = suite("ostree/image mounted");
const mounted = test.skipUnless(unmet({ mounts: true }) === undefined, unmet({ mounts: true }) ?? "");
const checked = test.skipUnless(
  unmet({ programs: ["fsck.erofs"] }) === undefined,
  unmet({ programs: ["fsck.erofs"] }) ?? "",
);

const SAMPLE = dir({
  file: file(1, { xattrs: xattrs({ "security.selinux": "a", "user.a": "b" }) }),
  old: file(4096, { mtime: -5, uid: 70_000 }),
  huge: file(2 ** 45),
  again: hardlink("/file"),
  null: device("character", 0x103),
  links: dir(Array.from({ length: 500 }, (_, i) => [`link-${i}`, symlink("x".repeat(1 + 8 * i))] as const)),
  layer: dir({ gone: whiteout() }),
});

/** Mounts the image of `root` over `objects` and hands the mount point to `use`. */
function withMounted(root: DirectoryNode, objects: string, use: (path: string) => void): void {
  const work = tempDir();
  const [image, meta, top] = ["image", "meta", "top"].map((name) => join(work, name)) as [string, string, string];
  writeFileSync(image, renderImage(root));
  mkdirSync(meta);
  mkdirSync(top);
  run(["mount", "-t", "erofs", "-o", "ro", image, meta]);
  try {
    mount({
      source: "atomic",
      target: top,
      type: "overlay",
      flags: MS_RDONLY,
      data: `lowerdir=${meta}::${objects},metacopy=on,redirect_dir=on`,
    });
    try {
      use(top);
    } finally {
      umount(top);
    }
  } finally {
    umount(meta);
  }
}

checked("passes fsck.erofs", () => {
  const path = join(tempDir(), "image");
  writeFileSync(path, renderImage(SAMPLE));
  run(["fsck.erofs", path]);
});

mounted("shows the committed tree, its bytes and nothing of the store", async () => {
  const work = tempDir();
  const tree = join(work, "tree");
  makeSampleTree(tree);
  rmSync(join(tree, "dev/whiteout")); // shown as a file: see below
  const repo = initRepo(join(work, "repo"), createDurable());
  const { commit } = await commitTree(repo, { tree });
  withMounted(loadTree(repo, commit), join(work, "repo/objects"), (path) => {
    assert.equal(listing(path), listing(tree));
  });
});

mounted("keeps an overlay layer's whiteouts working", () => {
  const empty = file(0);
  const root = dir({ base: dir({ gone: empty, kept: empty }), layer: dir({ gone: whiteout(), added: empty }) });
  withMounted(root, tempDir(), (path) => {
    assert.equal(readdirSync(join(path, "layer")).sort(), ["added", "gone"]);
    const merged = tempDir();
    mount({
      source: "nested",
      target: merged,
      type: "overlay",
      flags: MS_RDONLY,
      data: `lowerdir=${path}/layer:${path}/base`,
    });
    try {
      assert.equal(readdirSync(merged).sort(), ["added", "kept"]);
    } finally {
      umount(merged);
    }
  });
});

mounted("fails to read a file whose object is missing, and lists it all the same", () => {
  withMounted(dir({ lost: file(5), there: symlink("x") }), tempDir(), (path) => {
    assert.equal(readdirSync(path).sort(), ["lost", "there"]);
    assert.throws(
      () => readFileSync(join(path, "lost")),
      (error: NodeJS.ErrnoException) => error.code === "EIO" || error.code === "ENOENT",
    );
  });
});
