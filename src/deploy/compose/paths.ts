/**
 * File operations inside a tree that is being built, in a scratch directory that is no sysroot.
 *
 * Paths are byte strings relative to the tree's root. A tree holds absolute links such as /var/run -> /run, so a path
 * is only followed when none of its parents is a link: nothing can be written or removed outside the tree.
 */
import { lstatSync, mkdirSync, readdirSync, rmSync, type Stats } from "node:fs";
import { type ByteString, compareBytes, fromBytes, fromText, toBytes, toText } from "../../bytes.ts";
import { AtomicError } from "../../errors.ts";

/** The absolute path of `path` in the tree at `root`, as bytes. */
export function inTree(root: string, path: string): Buffer {
  return toBytes(`${fromText(root)}/${path}` as ByteString);
}

/** What is at `path`, or undefined. Links are not followed. @throws AtomicError invalid when a parent is a link */
export function statInTree(root: string, path: string): Stats | undefined {
  const parts = path.split("/");
  for (let depth = 1; depth < parts.length; depth++) {
    const parent = parts.slice(0, depth).join("/");
    const stat = lstat(root, parent);
    if (stat === undefined) return undefined;
    if (!stat.isDirectory()) {
      throw new AtomicError(
        "invalid",
        `composing: /${toText(path as ByteString)} leads through /${toText(parent as ByteString)}, which is not a directory`,
      );
    }
  }
  return lstat(root, path);
}

/** Names in a directory of the tree, sorted bytewise. */
export function namesInTree(root: string, path: string): ByteString[] {
  return readdirSync(inTree(root, path), { encoding: "buffer" }).map(fromBytes).sort(compareBytes);
}

/** Makes `path` and its missing parents, 0755, root's. @throws AtomicError invalid when one of them is no directory */
export function makeDirectories(root: string, path: string): void {
  const parts = path.split("/");
  for (let depth = 1; depth <= parts.length; depth++) {
    const parent = parts.slice(0, depth).join("/");
    const stat = statInTree(root, parent);
    if (stat === undefined) mkdirSync(inTree(root, parent), 0o755);
    else if (!stat.isDirectory())
      throw new AtomicError("invalid", `composing: /${toText(parent as ByteString)} is not a directory`);
  }
}

/** Removes `path` with all below it. */
export function removeInTree(root: string, path: string): void {
  statInTree(root, path);
  rmSync(inTree(root, path), { recursive: true, force: true });
}

/** Calls `visit` for everything below `path`, parents before children, siblings in bytewise order. */
export function walkTree(root: string, path: string, visit: (path: string, stat: Stats) => void): void {
  for (const name of namesInTree(root, path)) {
    const child = path === "" ? name : `${path}/${name}`;
    const stat = lstatSync(inTree(root, child));
    visit(child, stat);
    if (stat.isDirectory()) walkTree(root, child, visit);
  }
}

/** The parent of a path; the root of the tree is the empty path. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf("/"), 0));
}

function lstat(root: string, path: string): Stats | undefined {
  return lstatSync(inTree(root, path), { throwIfNoEntry: false });
}
