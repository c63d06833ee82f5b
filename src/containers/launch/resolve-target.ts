/** Where a path of a container leads by the symlinks of its root, also when nothing is there yet. */
import { toText } from "../../bytes.ts";
import { isKernelError, readlinkAt, S_IFLNK, S_IFMT, statIfExists } from "../../linux/index.ts";

/** As the kernel's `MAXSYMLINKS`. */
const MAX_LINKS = 40;

/**
 * The path without symlinks that `path` stands for with `root` as the root directory. It is only looked at: the root may
 * change at any time, so whoever opens the result confines it to the root again.
 * @param root an open directory
 * @param path as `inContainer` gives it
 */
export function resolveTarget(root: number, path: string): string {
  const left = path.split("/").toReversed();
  const resolved: string[] = [];
  let links = 0;
  for (let name = left.pop(); name !== undefined; name = left.pop()) {
    if (name === "" || name === ".") continue;
    if (name === "..") {
      resolved.pop();
      continue;
    }
    const target = linkAt(root, [...resolved, name].join("/"));
    if (target === undefined || (links += 1) > MAX_LINKS) {
      resolved.push(name);
      continue;
    }
    if (target.startsWith("/")) resolved.length = 0;
    left.push(...target.split("/").toReversed());
  }
  return resolved.length === 0 ? "." : resolved.join("/");
}

/** What the symlink at `path` says; undefined for anything else, and for a target that is no text. */
function linkAt(root: number, path: string): string | undefined {
  try {
    const stat = statIfExists(root, path);
    if (stat === undefined || (stat.mode & S_IFMT) !== S_IFLNK) return undefined;
    const target = readlinkAt(root, path);
    return toText(target) === target ? target : undefined;
  } catch (error) {
    if (isKernelError(error)) return undefined;
    throw error;
  }
}
