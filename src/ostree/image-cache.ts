/** Rendered images, kept from commit to deploy: rendering again takes most of a deployment's time. */
import { toText } from "../bytes.ts";
import type { Checksum } from "../digest.ts";
import { close, isKernelError, O_DIRECTORY, O_RDONLY, open, readDirectory, readFile } from "../linux/index.ts";
import { verityOf } from "../verity.ts";
import { cacheFile, replaceCacheFile } from "./cache-file.ts";
import type { Repo } from "./repo.ts";

const PREFIX = "image-";
/** Far above the image of any host; bounds what is read from disk. Bytes. */
const MAX_IMAGE = 1024 * 1024 * 1024;

/** The image whose fs-verity digest is `digest`, if it is kept and intact. */
export function readCachedImage(repo: Repo, digest: Checksum): Buffer | undefined {
  try {
    const bytes = readFile(cacheFile(repo, PREFIX + digest), MAX_IMAGE);
    return verityOf(bytes) === digest ? bytes : undefined;
  } catch (error) {
    if (isKernelError(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** Keeps an image, since deploying its commit will want it; returns its fs-verity digest. */
export function keepImage(repo: Repo, image: Buffer): Checksum {
  const digest = verityOf(image);
  replaceCacheFile(repo, PREFIX + digest, image);
  return digest;
}

/** Drops an image that is kept elsewhere now. */
export function dropCachedImage(repo: Repo, digest: Checksum): void {
  repo.disk.removeTree(cacheFile(repo, PREFIX + digest));
}

/** Drops the images whose digests are not in `needed`. */
export function pruneCachedImages(repo: Repo, needed: ReadonlySet<Checksum>): void {
  const keep = new Set<string>([...needed].map((digest) => PREFIX + digest));
  const fd = open(cacheFile(repo, ""), O_RDONLY | O_DIRECTORY);
  try {
    for (const { name } of readDirectory(fd)) {
      if (name.startsWith(PREFIX) && !keep.has(name)) repo.disk.unlink(cacheFile(repo, toText(name)));
    }
  } finally {
    close(fd);
  }
}
