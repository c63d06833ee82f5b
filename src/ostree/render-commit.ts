/** The mountable image of a commit. */
import type { Checksum } from "../digest.ts";
import { AtomicError } from "../errors.ts";
import { verityOf } from "../verity.ts";
import { renderImage } from "./image/index.ts";
import { readCachedImage } from "./image-cache.ts";
import { loadSubtree } from "./load-tree.ts";
import { readCommit } from "./object-store.ts";
import type { Repo } from "./repo.ts";

/**
 * The EROFS image of a commit, rendered unless it is kept, and checked against the digest the commit records.
 * @throws AtomicError not-found, invalid, corrupt (the rendering differs from the record)
 */
export function renderCommitImage(repo: Repo, checksum: Checksum): Buffer {
  const commit = readCommit(repo, checksum);
  const kept = readCachedImage(repo, commit.image);
  if (kept !== undefined) return kept;
  const image = renderImage(loadSubtree(repo, commit.tree, commit.root));
  const found = verityOf(image);
  if (found !== commit.image) {
    throw new AtomicError("corrupt", `rendering the image of ${checksum}: expected ${commit.image}, found ${found}`, {
      hint: `atomic repo fsck --repo ${repo.path}`,
    });
  }
  return image;
}
