/** Short ways to write down a tree. */
import { type ByteString, compareBytes, fromText } from "../../src/bytes.ts";
import { checksumOf } from "../../src/digest.ts";
import type {
  DeviceNode,
  DirectoryNode,
  HardlinkNode,
  InodeMeta,
  PipeNode,
  RegularNode,
  SymlinkNode,
  TreeNode,
  Xattr,
} from "../../src/ostree/tree.ts";

const META: InodeMeta = { mode: 0o644, uid: 0, gid: 0, mtime: 1_700_000_000, mtimeNsec: 0, xattrs: [] };
type Meta = Partial<InodeMeta>;

/** A latin-1 literal as the bytes it stands for. */
export function bytes(text: string): ByteString {
  return text as ByteString;
}

/** A directory; entries and xattrs may come in any order. */
export function dir(
  entries: Record<string, TreeNode> | readonly (readonly [string, TreeNode])[] = {},
  meta: Meta = {},
): DirectoryNode {
  const list = Array.isArray(entries) ? (entries as readonly (readonly [string, TreeNode])[]) : Object.entries(entries);
  const sorted = [...list].sort(([a], [b]) => compareBytes(a, b)) as [ByteString, TreeNode][];
  return { kind: "directory", ...META, mode: 0o755, ...meta, children: new Map(sorted) };
}

/** A file whose digests are made up from `content`; equal contents have equal ones. */
export function file(size: number, meta: Meta = {}, content = `content of ${size} bytes`): RegularNode {
  const checksum = checksumOf(Buffer.from(content));
  return { kind: "file", ...META, ...meta, size, checksum, verity: checksumOf(Buffer.from(`verity of ${content}`)) };
}

export function symlink(target: string, meta: Meta = {}): SymlinkNode {
  return { kind: "symlink", ...META, mode: 0o777, ...meta, target: bytes(target) };
}

export function device(kind: DeviceNode["kind"], rdev: number, meta: Meta = {}): DeviceNode {
  return { kind, ...META, ...meta, rdev };
}

/** How an overlay layer deletes a name. */
export function whiteout(meta: Meta = {}): DeviceNode {
  return device("character", 0, meta);
}

export function pipe(kind: PipeNode["kind"], meta: Meta = {}): PipeNode {
  return { kind, ...META, ...meta };
}

export function hardlink(target: string): HardlinkNode {
  return { kind: "hardlink", target: bytes(target) };
}

export function xattrs(values: Record<string, string>): Xattr[] {
  const names = Object.keys(values).sort(compareBytes);
  return names.map((name) => ({ name: fromText(name), value: bytes(values[name]!) }));
}
