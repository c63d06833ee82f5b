/** The shared `/var`: what the image brings is copied once, into a stateroot that has nothing there yet. */
import { join } from "node:path";
import { fromText } from "../bytes.ts";
import {
  AT_FDCWD,
  close,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_RDONLY,
  open,
  readDirectory,
  statIfExists,
} from "../linux/index.ts";
import { checkout, type DirectoryNode, lookup } from "../ostree/index.ts";
import type { Stateroot } from "./deployment-id.ts";
import { staterootPath, type Sysroot } from "./sysroot.ts";

/** Copies the image's `/var` unless the stateroot's holds anything; either all of it appears or nothing. */
export function populateVar(sysroot: Sysroot, stateroot: Stateroot, tree: DirectoryNode): void {
  const { disk, repo } = sysroot;
  const base = staterootPath(sysroot, stateroot);
  const image = lookup(tree, fromText("/var"));
  if (image?.kind !== "directory" || image.children.size === 0 || !isEmpty(join(base, "var"))) return;
  const unfinished = join(base, ".var.unfinished");
  disk.removeTree(unfinished);
  checkout(repo, { node: image, root: tree, destination: unfinished });
  disk.barrier(unfinished);
  disk.rename(unfinished, join(base, "var"));
  disk.fsyncDirectory(base);
}

/** Removes systemd's note of when `/var` was last brought up to date, so that the next boot does it again. */
export function forgetVarUpdate(sysroot: Sysroot, stateroot: Stateroot): void {
  const note = join(staterootPath(sysroot, stateroot), "var/.updated");
  if (statIfExists(AT_FDCWD, note) !== undefined) sysroot.disk.unlink(note);
}

function isEmpty(directory: string): boolean {
  const fd = open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  try {
    return readDirectory(fd).length === 0;
  } finally {
    close(fd);
  }
}
