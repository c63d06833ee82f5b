/** Random trees: few names, xattrs and digests, so that they meet, and every value that matters to an inode's layout. */
import fc from "fast-check";
import { compareBytes } from "../../src/bytes.ts";
import type { DirectoryNode, InodeMeta, TreeNode, Xattr } from "../../src/ostree/tree.ts";
import { bytes, device, dir, file, hardlink, pipe, symlink } from "./tree-builder.ts";

const XATTR_NAMES = [
  "security.selinux",
  "security.capability",
  "system.posix_acl_access",
  "system.posix_acl_default",
  "system.x",
  "trusted.a",
  "user.a",
  `user.${"long".repeat(60)}`,
];
const OVERLAY_NAMES = [
  ...["opaque", "whiteout", "whiteouts", "overlay.opaque", "metacopy"].map((name) => `trusted.overlay.${name}`),
  ...["opaque", "whiteout", "whiteouts"].map((name) => `user.overlay.${name}`),
];
const SIZES = [0, 1, 4096, 4097, 2 ** 32 - 1, 2 ** 32, 2 ** 43, 2 ** 43 + 1, 2 ** 50, 2 ** 53 - 1];
const IDS = [0, 1000, 65535, 65536, 4294967294];
const TIMES = [1_700_000_000, -1, -(2 ** 40), 2 ** 53 - 1];

const anyBytes = (maxLength: number) =>
  fc.uint8Array({ maxLength }).map((array) => bytes(Buffer.from(array).toString("latin1")));
const common = <T>(usual: T, others: readonly T[]) =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...others) });

const name = fc.oneof(
  fc.constantFrom("a", "b", "c", "file", "00", "ff", "-", ".a", "..b", "\\", "=", " ", "\n", "\xff"),
  anyBytes(12).filter((text) => text !== "" && text !== "." && text !== ".." && !/[/\0]/.test(text)),
  fc.integer({ min: 200, max: 255 }).map((length) => "n".repeat(length)),
);
const value = fc.oneof(
  fc.constantFrom("", "x", "yy", "zzz").map(bytes),
  anyBytes(40),
  fc.integer({ min: 1000, max: 4200 }).map((size) => bytes("v".repeat(size))),
);
const target = fc
  .oneof(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 3900, max: 4095 }))
  .map((length) => "t".repeat(length));
const links = fc.array(fc.record({ from: fc.nat(), to: fc.nat(), name }), { maxLength: 5 });

/**
 * Trees that a file system could hold, with hard links to some inodes.
 * @param overlays whether they hold whiteouts and overlayfs' xattrs
 */
export function arbitraryTree({ overlays }: { overlays: boolean }): fc.Arbitrary<DirectoryNode> {
  const xattr: fc.Arbitrary<Xattr> = fc.record({
    name: fc.constantFrom(...XATTR_NAMES, ...(overlays ? OVERLAY_NAMES : [])).map(bytes),
    value,
  });
  const meta: fc.Arbitrary<InodeMeta> = fc.record({
    mode: common(0o644, [0, 0o7777, 0o4755]),
    uid: common(0, IDS),
    gid: common(0, IDS),
    mtime: common(1_700_000_000, TIMES),
    mtimeNsec: common(0, [1, 999_999_999]),
    xattrs: fc
      .uniqueArray(xattr, { selector: (x) => x.name, maxLength: 4 })
      .map((list) => list.sort((a, b) => compareBytes(a.name, b.name))),
  });
  const regular = fc
    .tuple(fc.constantFrom(...SIZES), fc.integer({ min: 0, max: 5 }), meta)
    .map(([size, content, m]) => file(size, m, `${content}`));
  const special = fc.oneof(
    fc.tuple(target, meta).map(([text, m]) => symlink(text, m)),
    fc.tuple(fc.constantFrom("fifo" as const, "socket" as const), meta).map(([kind, m]) => pipe(kind, m)),
    fc.tuple(common(overlays ? 0 : 1, [0x103, 0xffffffff]), meta).map(([rdev, m]) => device("character", rdev, m)),
    fc.tuple(common(0, [0x103, 0xffffffff]), meta).map(([rdev, m]) => device("block", rdev, m)),
  );
  const { directory } = fc.letrec<{ directory: DirectoryNode; node: TreeNode }>((tie) => ({
    directory: fc
      .tuple(meta, fc.uniqueArray(fc.tuple(name, tie("node")), { selector: ([key]) => key, maxLength: 12 }))
      .map(([m, entries]) => dir(entries, m)),
    node: fc.oneof(
      { depthSize: "small" },
      { weight: 3, arbitrary: regular },
      { weight: 2, arbitrary: special },
      { weight: 1, arbitrary: tie("directory") },
    ),
  }));
  return fc.tuple(directory, links).map(([root, wanted]) => withLinks(root, wanted));
}

/** Adds hard links, each inode staying at the first of its paths. */
function withLinks(pure: DirectoryNode, wanted: readonly { from: number; to: number; name: string }[]): DirectoryNode {
  const root = structuredClone(pure); // fast-check uses parts of it again
  const directories: DirectoryNode[] = [];
  const inodes: TreeNode[] = [];
  walk(root, "", (node) => void (node.kind === "directory" ? directories : inodes).push(node));
  for (const link of wanted) {
    const { children } = directories[link.from % directories.length]!;
    const inode = inodes[link.to % inodes.length];
    if (inode !== undefined && !children.has(bytes(link.name))) children.set(bytes(link.name), inode);
  }
  const paths = new Map<TreeNode, string>();
  for (const each of directories) each.children = new Map([...each.children].sort(([a], [b]) => compareBytes(a, b)));
  walk(root, "", (node, path, replace) => {
    const first = paths.get(node);
    if (first === undefined) paths.set(node, path);
    else replace(hardlink(first));
  });
  return root;
}

type Visit = (node: TreeNode, path: string, replace: (node: TreeNode) => void) => void;

function walk(node: DirectoryNode, path: string, visit: Visit): void {
  if (path === "") visit(node, "/", () => undefined);
  for (const [key, child] of node.children) {
    visit(child, `${path}/${key}`, (other) => node.children.set(key, other));
    if (child.kind === "directory") walk(child, `${path}/${key}`, visit);
  }
}
