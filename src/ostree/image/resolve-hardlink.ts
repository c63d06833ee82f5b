/** Hard links: which inode an entry shares with the path it names. */
import { type ByteString, toText } from "../../bytes.ts";
import type { DeviceNode } from "../tree.ts";
import { refusal } from "./check.ts";
import { type Inode, pathOf } from "./inode.ts";

/** The entry `directory.names[index]`, a hard link to the path `target`. */
export interface Hardlink {
  directory: Inode;
  index: number;
  target: ByteString;
}

/**
 * Makes the entry refer to its target's inode and counts the link.
 * @param cover the node of entries that are in the image but not in the tree
 * @throws AtomicError invalid, naming the entry's path, unless the target is an inode of the tree and no directory
 */
export function resolveHardlink(root: Inode, { directory, index, target }: Hardlink, cover: DeviceNode): void {
  const found = target.startsWith("/") ? lookup(root, target.slice(1).split("/")) : undefined;
  if (found === undefined || found.node === cover || found.node.kind === "directory") {
    const kind = found?.node.kind === "directory" ? "a directory" : "nothing or a hard link";
    throw refusal(
      pathOf(directory, directory.names[index]),
      `expected a file at its target ${toText(target)}, found ${kind}`,
    );
  }
  found.nlink += 1;
  directory.targets[index] = found;
}

function lookup(root: Inode, names: readonly string[]): Inode | undefined {
  let found: Inode | undefined = root;
  for (const name of names) found = found === undefined ? undefined : childOf(found, name);
  return found;
}

/** The child of that name, which neither `.`, `..` nor a hard link is. */
function childOf(directory: Inode, name: string): Inode | undefined {
  const { names, targets } = directory;
  let low = 0;
  let high = names.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (names[middle]! < name) low = middle + 1;
    else high = middle;
  }
  const found = targets[low];
  return found?.name === name && found.parent === directory && found !== directory ? found : undefined;
}
