/**
 * The mountable image of a tree: EROFS metadata in the composefs format (V1, the one the C tools write), whose
 * redirects name files below the store's `objects/`. Decision: docs/decisions/0003-mountable-image.md.
 */
import type { DirectoryNode } from "../tree.ts";
import { imageInodes } from "./inodes.ts";
import { layOut } from "./layout.ts";
import { writeImage } from "./write-image.ts";

/**
 * The image of the tree below `root`: the bytes `mkcomposefs --from-file` writes for `writeDump(root)`.
 * Every non-empty file is external: its redirect is `/` and the path of its object, its metacopy the fs-verity digest.
 * @throws AtomicError invalid, naming the path, for a tree `mkcomposefs` refuses or no image can hold
 */
export function renderImage(root: DirectoryNode): Buffer {
  const image = imageInodes(root);
  const { shared, size } = image.xattrs.share();
  return writeImage(image, layOut(image.inodes, size), shared);
}
