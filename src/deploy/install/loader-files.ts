/** A boot loader's own files: from the image that is being installed, or else from this machine. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fromText } from "../../bytes.ts";
import type { LoaderFiles } from "../../bootloader/index.ts";
import type { Checksum } from "../../digest.ts";
import { checkout, lookup, type Repo } from "../../ostree/index.ts";
import { lazyTree } from "../lazy-tree.ts";

/** @param scratch an existing directory for what is taken out of the image */
export function loaderFiles(repo: Repo, commit: Checksum, scratch: string): LoaderFiles {
  const root = lazyTree(repo, commit);
  return {
    scratch,
    locate(directory) {
      const node = lookup(root, fromText(directory));
      if (node?.kind !== "directory") return existsSync(directory) ? directory : undefined;
      const destination = join(scratch, directory.replaceAll("/", "_"));
      repo.disk.removeTree(destination);
      checkout(repo, { node, root, destination });
      return destination;
    },
  };
}
