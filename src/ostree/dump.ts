/**
 * The composefs text dump of a tree: one line per path, depth first, what `mkcomposefs --from-file` reads.
 * Spec: composefs-dump(5), https://github.com/composefs/composefs/blob/main/man/composefs-dump.md
 */
import type { ByteString } from "../bytes.ts";
import { FILE_TYPE } from "./image/erofs.ts";
import { followHardlink } from "./load-tree.ts";
import { objectPath } from "./object-path.ts";
import type { DirectoryNode, InodeNode, TreeNode, Xattr } from "./tree.ts";

const NAMED_ESCAPES: Record<string, string> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/**
 * The dump of the tree below `root`. A directory's size is written as 0: readers ignore it.
 * @returns ASCII text
 * @throws AtomicError invalid when a hard link leads nowhere
 */
export function writeDump(root: DirectoryNode): string {
  const lines: string[] = [];
  const links = countHardlinks(root);
  const pending: { path: string; node: TreeNode; bytes: ByteString }[] = [
    { path: "/", node: root, bytes: "" as ByteString },
  ];
  for (let entry = pending.pop(); entry !== undefined; entry = pending.pop()) {
    const { path, node, bytes } = entry;
    if (node.kind === "hardlink") {
      const target = followHardlink(root, node.target);
      lines.push(dumpLine(path, target, links.get(node.target)! + 1, node.target));
    } else {
      lines.push(dumpLine(path, node, (links.get(bytes) ?? 0) + 1));
    }
    if (node.kind !== "directory") continue;
    const prefix = node === root ? "/" : `${path}/`;
    const children = [...node.children].reverse();
    for (const [name, child] of children) {
      pending.push({ path: prefix + escape(name), node: child, bytes: `${bytes}/${name}` as ByteString });
    }
  }
  return lines.join("");
}

/** The xattrs of a dump line: `name=value`, separated by spaces. */
export function dumpXattrs(xattrs: readonly Xattr[]): string {
  return xattrs.map(({ name, value }) => `${escape(name, true)}=${escape(value, true)}`).join(" ");
}

function dumpLine(path: string, node: InodeNode, links: number, hardlink?: ByteString): string {
  const { size, nlink, rdev, payload, digest } = details(node, links);
  const mode = (FILE_TYPE[node.kind] | node.mode).toString(8);
  const at = hardlink === undefined ? "" : "@";
  const xattrs = node.xattrs.length === 0 ? "" : ` ${dumpXattrs(node.xattrs)}`;
  return (
    `${path} ${size} ${at}${mode} ${nlink} ${node.uid} ${node.gid} ${rdev} ${node.mtime}.${node.mtimeNsec} ` +
    `${optional(hardlink ?? payload)} - ${digest}${xattrs}\n`
  );
}

/** What differs from kind to kind. */
function details(node: InodeNode, nlink: number) {
  const plain = { size: 0, nlink, rdev: 0, payload: undefined, digest: "-" };
  switch (node.kind) {
    case "file":
      if (node.size === 0) return plain;
      return {
        ...plain,
        size: node.size,
        payload: objectPath(node.checksum, "file") as ByteString,
        digest: node.verity,
      };
    case "directory":
      return { ...plain, nlink: 2 + [...node.children.values()].filter(({ kind }) => kind === "directory").length };
    case "symlink":
      return { ...plain, size: node.target.length, payload: node.target };
    case "character":
    case "block":
      return { ...plain, rdev: node.rdev };
    case "fifo":
    case "socket":
      return plain;
  }
}

/** How many hard links name each target. */
function countHardlinks(root: DirectoryNode): Map<ByteString, number> {
  const counts = new Map<ByteString, number>();
  const pending = [root];
  for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
    for (const child of directory.children.values()) {
      if (child.kind === "directory") pending.push(child);
      if (child.kind === "hardlink") counts.set(child.target, (counts.get(child.target) ?? 0) + 1);
    }
  }
  return counts;
}

function optional(text: ByteString | undefined): string {
  if (text === undefined) return "-";
  return text === "-" ? "\\x2d" : escape(text);
}

function escape(text: ByteString, inXattr = false): string {
  return text.replace(inXattr ? /[^\x21-\x3c\x3e-\x5b\x5d-\x7e]/g : /[^\x21-\x5b\x5d-\x7e]/g, escapeByte);
}

function escapeByte(byte: string): string {
  return NAMED_ESCAPES[byte] ?? `\\x${byte.charCodeAt(0).toString(16).padStart(2, "0")}`;
}
