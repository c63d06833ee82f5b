import * as assert from "uvu/assert";
import { AtomicError } from "../../../src/errors.ts";
import { applyLayers } from "../../../src/oci/layer/apply-layers.ts";
import { createLayerTree } from "../../../src/oci/layer/layer-tree.ts";
import { createTarReader } from "../../../src/oci/tar/read-tar.ts";
import type { DirectoryNode } from "../../../src/ostree/index.ts";
import { suite } from "../../support/suite.ts";
import { type Entry, tar } from "../tar-builder.ts";

const test = suite("oci/layer/layers");

function layer(...entries: Entry[]): DirectoryNode {
  const tree = createLayerTree("layer X");
  const reader = createTarReader((entry) => {
    const node = tree.place(entry);
    // Tells contents apart without a store.
    return node && { write: (chunk) => Object.assign(node, { content: Buffer.from(chunk).toString() }), end: () => {} };
  });
  reader.write(tar(...entries));
  reader.end();
  return tree.finish();
}

/** One line for each name: path, then what is there. */
function listing(directory: DirectoryNode, path = ""): string[] {
  return [...directory.children].flatMap(([name, node]) => {
    const line = `${path}/${name}`;
    if (node.kind === "directory") return [`${line}/ ${node.mode.toString(8)}`, ...listing(node, line)];
    if (node.kind === "file") return [`${line} ${(node as { content?: string }).content ?? ""}`.trimEnd()];
    return [
      "target" in node ? `${line} ${node.kind === "symlink" ? "->" : "="} ${node.target}` : `${line} ${node.kind}`,
    ];
  });
}

const file = (name: string, content = name): Entry => ({ name, content });
const folder = (name: string, mode = 0o755): Entry => ({ name: `${name}/`, flag: "5", mode });
const link = (name: string, target: string): Entry => ({ name, flag: "2", target });
const hard = (name: string, target: string): Entry => ({ name, flag: "1", target });

const MERGES: { what: string; layers: Entry[][]; expected: string[] }[] = [
  {
    what: "adds to a directory and keeps what it has",
    layers: [
      [folder("d", 0o700), file("d/a")],
      [folder("d", 0o750), file("d/b")],
    ],
    expected: ["/d/ 750", "/d/a d/a", "/d/b d/b"],
  },
  {
    what: "leaves the metadata of a directory that is only implied",
    layers: [[folder("d", 0o700)], [file("d/b")]],
    expected: ["/d/ 700", "/d/b d/b"],
  },
  {
    what: "makes implied directories 0755",
    layers: [[file("d/e/f", "x")]],
    expected: ["/d/ 755", "/d/e/ 755", "/d/e/f x"],
  },
  { what: "hides a file", layers: [[file("a"), file("b")], [file(".wh.a", "")]], expected: ["/b b"] },
  { what: "hides a directory", layers: [[file("d/a")], [file(".wh.d", "")]], expected: [] },
  {
    what: "hides what is in a directory, not what the layer itself adds there",
    layers: [
      [file("d/a"), folder("d/e"), file("d/e/f")],
      [file("d/b"), file("d/.wh..wh..opq", ""), file("d/c")],
    ],
    expected: ["/d/ 755", "/d/b d/b", "/d/c d/c"],
  },
  {
    what: "hides only lower layers, whatever the order of entries",
    layers: [[file("a", "old")], [file("a", "new"), file(".wh.a", "")]],
    expected: ["/a new"],
  },
  {
    what: "lets a whiteout of nothing be",
    layers: [[file("a")], [file("d/.wh.x", "")]],
    expected: ["/a a", "/d/ 755"],
  },
  {
    what: "drops what aufs left",
    layers: [[file("a"), file(".wh..wh.plnk/7.8"), file(".wh..wh.aufs")]],
    expected: ["/a a"],
  },
  { what: "replaces a directory by a file", layers: [[file("d/a")], [file("d", "x")]], expected: ["/d x"] },
  {
    what: "lets whiteouts be below a file that replaced a directory, as umoci writes them",
    layers: [[file("d/a")], [file("d", "x"), file("d/.wh.a", ""), file("d/e/.wh.f", "")]],
    expected: ["/d x"],
  },
  {
    what: "replaces a symlink by a directory",
    layers: [[link("d", "/etc")], [folder("d"), file("d/a")]],
    expected: ["/d/ 755", "/d/a d/a"],
  },
  { what: "takes a directory twice", layers: [[folder("d", 0o700), folder("d", 0o711)]], expected: ["/d/ 711"] },
  {
    what: "takes names with ./ and doubled slashes",
    layers: [[folder("."), file("./d//a", "x")]],
    expected: ["/d/ 755", "/d/a x"],
  },
  {
    what: "drops devices in /dev",
    layers: [[{ name: "dev/null", flag: "3", major: 1, minor: 3 }, folder("dev")]],
    expected: ["/dev/ 755"],
  },
  {
    what: "links within a layer to the first name in order",
    layers: [[file("z", "x"), hard("a", "z"), hard("m", "./z")]],
    expected: ["/a x", "/m = /a", "/z = /a"],
  },
  {
    what: "links to a file of a lower layer",
    layers: [[file("m", "x")], [hard("a", "/m"), hard("z", "m")]],
    expected: ["/a x", "/m = /a", "/z = /a"],
  },
  {
    what: "links to what a layer hides at the same time",
    layers: [[file("m", "x")], [hard("a", "m"), file(".wh.m", "")]],
    expected: ["/a x"],
  },
  {
    what: "parts a link when one of its names is replaced",
    layers: [[file("a", "x"), hard("b", "a")], [file("a", "y")]],
    expected: ["/a y", "/b x"],
  },
];

for (const { what, layers, expected } of MERGES) {
  test(`${what}`, () => {
    assert.equal(
      listing(
        applyLayers(
          layers.map((entries) => layer(...entries)),
          "image",
        ),
      ),
      expected,
    );
  });
}

const HOSTILE: { what: string; layers: Entry[][]; named: RegExp }[] = [
  { what: "an absolute name", layers: [[file("/etc/passwd")]], named: /"\/etc\/passwd": its name is absolute/ },
  {
    what: "'..' in a name",
    layers: [[file("a/../../etc/passwd")]],
    named: /"a\/\.\.\/\.\.\/etc\/passwd": its name contains \.\./,
  },
  {
    what: "'..' in a PAX name",
    layers: [[{ name: "x", pax: { path: "../etc/passwd" } }]],
    named: /"\.\.\/etc\/passwd": its name contains \.\./,
  },
  {
    what: "an absolute long name",
    layers: [[{ name: "././@LongLink", flag: "L", content: "/etc/passwd\0" }, file("x")]],
    named: /"\/etc\/passwd": its name is absolute/,
  },
  {
    what: "a hard link with '..' in a PAX name",
    layers: [[{ name: "h", flag: "1", target: "x", pax: { linkpath: "a/../../shadow" } }]],
    named: /"a\/\.\.\/\.\.\/shadow": its name contains \.\./,
  },
  { what: "'..' as a name", layers: [[folder("..")]], named: /its name contains \.\./ },
  { what: "an empty name", layers: [[file("")]], named: /"": its name has 0 bytes/ },
  { what: "NUL in a name", layers: [[{ name: "x", pax: { path: "a\0b" } }]], named: /contains NUL/ },
  {
    what: "a name of 256 bytes",
    layers: [[{ name: "x", pax: { path: "n".repeat(256) } }]],
    named: /more than 255 bytes/,
  },
  {
    what: "a path of 4096 bytes",
    layers: [[{ name: "x", pax: { path: "n/".repeat(2048) } }]],
    named: /its name has 4096 bytes/,
  },
  {
    what: "a file through a symlink",
    layers: [[link("etc", "/"), file("etc/passwd")]],
    named: /"etc\/passwd": its parent \/etc is a symlink/,
  },
  { what: "a file below a file", layers: [[file("a"), file("a/b")]], named: /"a\/b": its parent \/a is a file/ },
  {
    what: "a whiteout through a symlink",
    layers: [[link("d", "/"), file("d/.wh.etc", "")]],
    named: /"d\/\.wh\.etc": its parent \/d is a symlink/,
  },
  {
    what: "a name through a symlink of a lower layer",
    layers: [[link("d", "/etc")], [file("d/passwd")]],
    named: /below \/d, a symlink in a lower layer/,
  },
  {
    what: "a whiteout through a symlink of a lower layer",
    layers: [[link("d", "/etc")], [file("d/.wh.x", "")]],
    named: /below \/d, a symlink/,
  },
  { what: "a whiteout of no name", layers: [[file(".wh.", "")]], named: /"\/\.wh\.": a whiteout of no name/ },
  { what: "a whiteout of '.'", layers: [[file("d/.wh..", "")]], named: /"\/d\/\.wh\.\.": a whiteout of no name/ },
  { what: "a whiteout of '..'", layers: [[file("d/.wh...", "")]], named: /a whiteout of no name/ },
  { what: "something below a whiteout", layers: [[file(".wh.d/a")]], named: /"\/\.wh\.d\/a": it is below a whiteout/ },
  {
    what: "a character device",
    layers: [[{ name: "c", flag: "3", major: 1, minor: 3 }]],
    named: /"c": it is a character device/,
  },
  {
    what: "a block device",
    layers: [[{ name: "etc/sda", flag: "4", major: 8 }]],
    named: /"etc\/sda": it is a block device/,
  },
  {
    what: "an overlay whiteout as a device",
    layers: [[{ name: "a", flag: "3" }]],
    named: /"a": it is a character device/,
  },
  { what: "a file twice", layers: [[file("a", "x"), file("a", "y")]], named: /"a": it is in the layer twice/ },
  {
    what: "a symlink over a directory",
    layers: [[folder("etc"), link("etc", "/")]],
    named: /"etc": it is in the layer twice/,
  },
  { what: "a root that is a symlink", layers: [[link("./", "/")]], named: /the root is a symlink/ },
  { what: "a symlink without a target", layers: [[link("l", "")]], named: /"l": it is a symlink without/ },
  {
    what: "a hard link with '..'",
    layers: [[hard("h", "../../etc/shadow")]],
    named: /"\.\.\/\.\.\/etc\/shadow": its name contains \.\./,
  },
  {
    what: "a hard link to a directory",
    layers: [[folder("d"), hard("h", "d")]],
    named: /"h": it is a hard link to a directory/,
  },
  { what: "a hard link to itself", layers: [[hard("h", "h")]], named: /"h": it is a hard link to itself/ },
  { what: "a hard link to the root", layers: [[hard("h", ".")]], named: /"h": it is a hard link to no file/ },
  {
    what: "a hard link through a symlink",
    layers: [[link("d", "/etc"), hard("h", "d/shadow")]],
    named: /"h": its target leads through a symlink/,
  },
  {
    what: "a hard link to nothing",
    layers: [[hard("h", "gone")]],
    named: /a hard link to \/gone: expected a file, found nothing/,
  },
  { what: "a hard link to a lower directory", layers: [[folder("d")], [hard("h", "d")]], named: /found directory/ },
  {
    what: "a hard link before its target",
    layers: [[hard("h", "t"), file("t")]],
    named: /"\/t": it comes after a hard link to it/,
  },
  {
    what: "an owner the kernel does not take",
    layers: [[{ name: "a", pax: { uid: "4294967295" } }]],
    named: /"a": its owner/,
  },
];

for (const { what, layers, named } of HOSTILE) {
  test(`rejects ${what}, naming it`, () => {
    assert.throws(
      () =>
        applyLayers(
          layers.map((entries) => layer(...entries)),
          "image",
        ),
      (error: unknown) => error instanceof AtomicError && error.code === "invalid" && named.test(error.message),
    );
  });
}

test("keeps xattrs that mean the same everywhere, and no others", () => {
  const names = ["user.a", "security.capability", "security.selinux", "trusted.overlay.opaque", "user.overlay.opaque"];
  const pax = Object.fromEntries(names.map((name) => [`SCHILY.xattr.${name}`, "v"]));
  const node = [...applyLayers([layer({ name: "a", pax })], "image").children.values()][0];
  assert.ok(node?.kind === "file");
  assert.equal(
    node.xattrs.map(({ name }) => name as string),
    ["security.capability", "user.a"],
  );
});
