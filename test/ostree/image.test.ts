import { createHash } from "node:crypto";
import * as assert from "uvu/assert";
import { AtomicError } from "../../src/errors.ts";
import { renderImage } from "../../src/ostree/image/index.ts";
import type { DirectoryNode, TreeNode } from "../../src/ostree/tree.ts";
import { mkcomposefs, ownImage, referenceImage } from "../support/composefs.ts";
import { suite } from "../support/suite.ts";
import { device, dir, file, hardlink, pipe, symlink, whiteout, xattrs } from "../support/tree-builder.ts";

const test = suite("ostree/image");
const compared = test.skipUnless(mkcomposefs.missing === undefined, mkcomposefs.missing ?? "");

function sha256(image: Buffer): string {
  return createHash("sha256").update(image).digest("hex");
}

/** `count` entries, named by `name`. */
function many(count: number, name: (i: number) => string, node: (i: number) => TreeNode): [string, TreeNode][] {
  return Array.from({ length: count }, (_, i) => [name(i), node(i)]);
}
const padded = (i: number) => `entry-${String(i).padStart(6, "0")}`;
const filled = (size: number) => "v".repeat(size);

// Published with composefs, tests/assets/NAME.dump.sha256: the dumps whose files are all empty.
const EPOCH = { mtime: 0 };
const VECTORS: Record<string, { root: DirectoryNode; sha256: string }> = {
  "no-newline": {
    root: dir(
      { a: file(0, EPOCH), b: file(0, EPOCH) },
      { ...EPOCH, mode: 0o555, xattrs: xattrs({ "trusted.foo1": "bar-1", "user.foo2": "bar-2" }) },
    ),
    sha256: "99f02c3c63d0c4c14be6f63e87250adafc0e173a12354f50d9ba7cd320deeca7",
  },
  longlink: {
    root: dir(
      { "big-but-not-max-link": symlink("a".repeat(4070), EPOCH), "max-link": symlink("a".repeat(4095), EPOCH) },
      { mode: 0o555, mtime: 1633950376 },
    ),
    sha256: "6747c908f88fc6c18626027f204159f3c2a6225b45e4de2f2d5ebf969bf5f24a",
  },
  "honggfuzz-chardev-nonzero-size": {
    root: dir({ chardev: whiteout({ ...EPOCH, mode: 0o777 }) }, EPOCH),
    sha256: "3e7ca8195f29cfd0583ed761c8eead21892ef0ec61d1402aa7f7d84ef8316947",
  },
};
for (const [name, vector] of Object.entries(VECTORS)) {
  test(`reproduces composefs' published image ${name}`, () =>
    assert.is(sha256(renderImage(vector.root)), vector.sha256));
}

const SELINUX = xattrs({ "security.selinux": "system_u:object_r:usr_t:s0\0" });
const TREES: Record<string, DirectoryNode> = {
  "an empty root": dir(),
  "one of every kind": dir({
    file: file(5),
    empty: file(0),
    dir: dir({ sub: dir() }),
    link: symlink("file"),
    tty: device("character", 0x500),
    disk: device("block", 0xfff00803, { mode: 0o660 }),
    fifo: pipe("fifo"),
    socket: pipe("socket"),
  }),
  "set-id and sticky bits": dir({
    su: file(1, { mode: 0o4755 }),
    sg: file(2, { mode: 0o2755 }),
    tmp: dir({}, { mode: 0o1777 }),
  }),
  "sizes at every border": dir(
    many(12, padded, (i) =>
      file(
        [1, 4095, 4096, 4097, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 2 ** 43, 2 ** 43 + 1, 2 ** 52, 2 ** 53 - 1][
          i
        ]!,
      ),
    ),
  ),
  "so many chunks that they need a block": dir(
    many(40, padded, (i) => file(2 ** 53 - 1 - i, { xattrs: xattrs({ "user.x": filled(i * 97) }) })),
  ),
  "a directory of 10,000 entries": dir(many(10_000, padded, (i) => (i % 3 === 0 ? symlink(`target-${i}`) : file(i)))),
  "directories of every size around a block": dir(many(90, padded, (i) => dir(many(100 + i, padded, () => file(0))))),
  "names of 255 bytes": dir(
    many(
      20,
      (i) => `${"n".repeat(253)}${10 + i}`,
      (i) => file(i),
    ),
  ),
  "names that are not UTF-8, or sort around the dots": dir(
    many(
      9,
      (i) => ["\xff\xfe", "\x80", "-", "!", "+", ".!", "...", " \n\t", "\\"][i]!,
      (i) => file(i),
    ),
  ),
  "names like object directories": dir({
    "00": file(1),
    ff: dir(),
    "7f": symlink("x"),
    "0a": hardlink("/00"),
    "100": file(2),
    AB: file(3),
  }),
  "symlink targets up to 4095 bytes": dir(many(60, padded, (i) => symlink("t".repeat(Math.min(4095, 1 + i * 71))))),
  "ids and link counts that need the long inode": dir({
    a: file(1, { uid: 65536 }),
    b: file(2, { gid: 4294967295 }),
    c: file(3, { uid: 65535, gid: 65535 }),
  }),
  "a file with 70,000 names": dir({ a: file(1), links: dir(many(70_000, padded, () => hardlink("/a"))) }),
  "a directory of 66,000 directories": dir(many(66_000, padded, () => dir())),
  "times before 1970 and far away": dir({
    a: file(1, { mtime: -1, mtimeNsec: 999_999_999 }),
    b: file(2, { mtime: -(2 ** 33), mtimeNsec: 7 }),
    c: file(3, { mtime: 2 ** 53 - 1 }),
    d: file(4, { mtime: -(2 ** 33), mtimeNsec: 6 }),
  }),
  "hard links across directories, before and after their target": dir({
    a: dir({ "z-link": hardlink("/m/file") }),
    m: dir({ file: file(9), link: hardlink("/m/file"), fifo: pipe("fifo") }),
    z: dir({ link: hardlink("/m/file"), fifo: hardlink("/m/fifo") }),
  }),
  "xattrs shared by many and held by one": dir(
    many(50, padded, (i) =>
      file(i, { xattrs: xattrs({ "security.selinux": i % 2 ? "a" : "bb", "user.own": `${i}`, "user.empty": "" }) }),
    ),
    { xattrs: SELINUX },
  ),
  "xattrs of every prefix and of none": dir(
    {
      a: file(1, {
        xattrs: xattrs({
          "system.posix_acl_access": "acl",
          "system.posix_acl_accessory": "x",
          "system.other": "y",
          "trusted.": "z",
          "user.": "",
          "lustre.lov": "odd",
          "security.capability": "\x01\0\0\x02\xff",
          [`user.${filled(250)}`]: "long name",
        }),
      }),
    },
    { xattrs: xattrs({ "system.posix_acl_default": "acl" }) },
  ),
  "more shared xattrs than an inode can refer to": dir(
    many(2, padded, (i) =>
      file(i, {
        xattrs: xattrs(
          Object.fromEntries(
            many(
              200,
              (j) => `user.${j}`,
              () => null as never,
            ).map(([name], j) => [name, `${j % 7 ? "" : i}`]),
          ),
        ),
      }),
    ),
  ),
  "the largest xattrs": dir({
    a: file(1, { xattrs: xattrs({ "user.a": filled(32767 - 12 - 7 - 6) }) }),
    b: dir({}, { xattrs: xattrs({ "user.b": filled(20000) }) }),
  }),
  "whiteouts, marked or not": dir({
    plain: dir({ gone: whiteout(), kept: file(1) }),
    marked: dir(
      { gone: whiteout({ xattrs: xattrs({ "user.overlay.whiteout": "" }) }) },
      { xattrs: xattrs({ "user.overlay.opaque": "x", "trusted.overlay.opaque": "x" }) },
    ),
    linked: dir({ again: hardlink("/plain/gone") }),
    gone: whiteout(),
  }),
  "an overlay layer's own xattrs": dir({
    a: file(3, { xattrs: xattrs({ "trusted.overlay.redirect": "/x", "trusted.overlay.overlay.y": "z" }) }),
  }),
  "files with equal bytes": dir(many(9, padded, () => file(77, {}, "same"))),
};
for (const [name, root] of Object.entries(TREES)) {
  compared(`renders ${name} like mkcomposefs`, () => {
    const expected = referenceImage(root);
    assert.ok(expected !== undefined, "mkcomposefs accepts it");
    assert.ok(renderImage(root).equals(expected), "equal bytes");
  });
}

const REFUSED: Record<string, { root: DirectoryNode; path: string; dumpable?: false }> = {
  "an empty name": { root: dir({ d: dir({ "": file(1) }) }), path: "/d/" },
  "the name '.'": { root: dir({ d: dir({ ".": file(1) }) }), path: "/d/." },
  "the name '..'": { root: dir({ "..": dir() }), path: "/.." },
  "a name of 256 bytes": { root: dir({ ["n".repeat(256)]: file(1) }), path: "/nnn" },
  "a name with a slash": { root: dir({ "a/b": file(1) }), path: "/a/b" },
  "an empty symlink": { root: dir({ l: symlink("") }), path: "/l" },
  "a symlink target of 4096 bytes": { root: dir({ l: symlink("t".repeat(4096)) }), path: "/l" },
  "an xattr without a name": { root: dir({ d: dir({ f: file(1, { xattrs: xattrs({ "": "x" }) }) }) }), path: "/d/f" },
  "an xattr name of 256 bytes": {
    root: dir({ f: file(1, { xattrs: xattrs({ [`user.${filled(251)}`]: "x" }) }) }),
    path: "/f",
  },
  "xattrs of more than 32767 bytes": {
    root: dir({ f: file(1, { xattrs: xattrs({ "user.a": filled(32767 - 12 - 7 - 5) }) }) }),
    path: "/f",
  },
  "xattrs whose dump is longer than 65535 bytes": {
    root: dir({ f: file(1, { xattrs: xattrs({ "user.a": "\xff".repeat(16400) }) }) }),
    path: "/f",
  },
  "an opaque mark that is not a whiteout's": {
    root: dir({ w: whiteout() }, { xattrs: xattrs({ "user.a": "", "user.overlay.whiteouts": filled(60) }) }),
    path: "/",
  },
  "a hard link to nothing": { root: dir({ d: dir({ l: hardlink("/nothing") }) }), path: "/d/l", dumpable: false },
  "a hard link to a directory": { root: dir({ d: dir(), l: hardlink("/d") }), path: "/l", dumpable: false },
  "a hard link to itself": { root: dir({ l: hardlink("/l") }), path: "/l", dumpable: false },
  "a hard link to a hard link": {
    root: dir({ f: file(1), l: hardlink("/f"), m: hardlink("/l") }),
    path: "/m",
    dumpable: false,
  },
  "a hard link with '..' in its target": {
    root: dir({ d: dir({ l: hardlink("/d/../f") }), f: file(1) }),
    path: "/d/l",
    dumpable: false,
  },
  "a hard link to what only the image has": { root: dir({ l: hardlink("/00") }), path: "/l", dumpable: false },
  "NUL in a name": { root: dir({ "a\0": file(1) }), path: "/a\\x00", dumpable: false },
  "NUL in a symlink target": { root: dir({ l: symlink("a\0b") }), path: "/l", dumpable: false },
};
for (const [name, { root, path, dumpable }] of Object.entries(REFUSED)) {
  test(`refuses ${name}`, () => {
    assert.throws(
      () => renderImage(root),
      (error: unknown) => {
        assert.instance(error, AtomicError);
        const { code, message } = error as AtomicError;
        assert.is(code, "invalid");
        assert.ok(message.startsWith(`rendering ${path}`), message);
        return true;
      },
    );
  });
  if (dumpable !== false)
    compared(`refuses ${name}, as mkcomposefs does`, () => assert.ok(referenceImage(root) === undefined));
}

test("leaves the tree as it was", () => {
  const root = TREES["whiteouts, marked or not"]!;
  const before = structuredClone(root);
  ownImage(root);
  assert.equal(root, before);
});
