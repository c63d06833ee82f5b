import * as assert from "uvu/assert";
import { fromText } from "../../../src/bytes.ts";
import { isAtomicError } from "../../../src/errors.ts";
import { encodeDirmeta, parseDirmeta } from "../../../src/ostree/libostree/dirmeta.ts";
import { encodeOstreeDirtree, parseOstreeDirtree } from "../../../src/ostree/libostree/dirtree.ts";
import {
  archivePrefix,
  contentPrefix,
  type FileHeader,
  parseArchiveHeader,
} from "../../../src/ostree/libostree/file-header.ts";
import {
  encodeVariant,
  array,
  byteArray,
  tuple,
  uint32,
  uint64,
  utf8,
} from "../../../src/ostree/libostree/gvariant.ts";
import { xattrsType } from "../../../src/ostree/libostree/inode.ts";
import { type Sha256, sha256Of } from "../../../src/ostree/libostree/sha256.ts";
import { suite } from "../../support/suite.ts";
import { bytes, xattrs } from "../../support/tree-builder.ts";

const test = suite("ostree/libostree/objects");

const OWNER = { uid: 0, gid: 0, mtime: 0, mtimeNsec: 0 };
const plain = (values: Record<string, string> = {}): FileHeader => ({
  kind: "file",
  ...OWNER,
  mode: 0o644,
  xattrs: xattrs(values),
});
const link = (target: string, values: Record<string, string> = {}): FileHeader => ({
  kind: "symlink",
  ...OWNER,
  mode: 0o777,
  xattrs: xattrs(values),
  target: bytes(target),
});
const checksum = (header: FileHeader, content = ""): Sha256 =>
  sha256Of(Buffer.concat([contentPrefix(header), Buffer.from(content)]));

const NETWORKS = "default 0.0.0.0\nloopback 127.0.0.0\nlink-local 169.254.0.0\n";
const TWO = { "user.blah": "somedata\0", "security.selinux": "foo_t\0" };
const A = "d35bfc50864fca777dbeead3ba3689115b76674a093210316589b1fe5cc3ff4b" as Sha256;
const B = "f5ee222a21e2c96edbd6f2543c4bc8a039f827be3823d04777c9ee187778f1ad" as Sha256;
const L = "8322876a078e79d8c960b8b4658fe77e7b2f878f8a6cf89dbb87c6becc8128a0" as Sha256;

/** Published in the tests of ostree itself. */
const FILES: [string, FileHeader, string, string][] = [
  ["a file", plain(), "hi", "2301b5923720c3edc1f0467addb5c287fd5559e3e0cd1396e7f1edb6b01be9f0"],
  ["a text file", plain(), NETWORKS, "8aaa9dc13a0c5839fe4a277756798c609c53fac6fa2290314ecfef9041065873"],
  [
    "a file with a label",
    plain({ "security.selinux": "system_u:object_r:etc_t:s0\0" }),
    NETWORKS,
    "4f600d252338f93279c51c964915cb2c26f0d09082164c54890d1a3c78cdeb1e",
  ],
  [
    "a symlink with a label",
    link("bash", { "security.selinux": "system_u:object_r:bin_t:s0\0" }),
    "",
    "23a2e97d21d960ac7a4e39a8721b1baff7b213e00e5e5641334f50506012fcff",
  ],
  ["a file with two xattrs", plain(TWO), "hi", "72473a9e8ace75f89f1504137cfb134feb5372bc1d97e04eb5300e24ad836153"],
  ["hello world!", plain(), "hello world!", A],
  ["hello world again!", plain(), "hello world again!", B],
  ["a symlink", link("some-file"), "", L],
];
for (const [what, header, content, expected] of FILES) {
  test(`gives ${what} the checksum ostree gives it`, () => assert.is(checksum(header, content), expected));
}

test("gives directories the checksums ostree gives them", () => {
  const directory = { ...OWNER, mode: 0o755, xattrs: [] };
  assert.is(encodeDirmeta(directory).length, 12);
  assert.is(sha256Of(encodeDirmeta(directory)), "446a0ef11b7cc167f3b603e585c7eeeeb675faa412d5ec73f62988eb0b6c5488");
  assert.is(
    sha256Of(encodeDirmeta({ ...directory, xattrs: xattrs(TWO) })),
    "f773ab98198d8e46f77be6ffff5fc1920888c0af5794426c3b1461131d509f34",
  );
  const files = new Map([
    [bytes("some-file"), A],
    [bytes("link-file"), L],
    [bytes("duplicate-file"), A],
    [bytes("another-file"), B],
  ]);
  const four = encodeOstreeDirtree({ files, directories: new Map() });
  assert.is(four.length, 185);
  assert.is(sha256Of(four), "1c77033ca06eae77ed99cb26472969964314ffd5b4e4c0fd3ff6ec4265c86e51");
  assert.equal(Object.fromEntries(parseOstreeDirtree(four).files), Object.fromEntries(files));
  files.delete(bytes("another-file"));
  const three = encodeOstreeDirtree({ files, directories: new Map() });
  assert.is(sha256Of(three), "a384660cc18ffdb60296961dde9a2d6f78f4fec095165652cb53aa81f6dc7539");
  assert.is(
    sha256Of(encodeOstreeDirtree({ files: new Map(), directories: new Map() })),
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  );
});

test("reads back what it writes of files and directories", () => {
  const setuid: FileHeader = { ...plain(TWO), mode: 0o4755, uid: 1000, gid: 70000 };
  for (const [header, size] of [
    [setuid, 12],
    [link(fromText("../ä")), 0],
  ] as const) {
    assert.equal(parseArchiveHeader(archivePrefix(header, size).subarray(8)), { header, size });
  }
  const sticky = { ...OWNER, mode: 0o1777, uid: 5, xattrs: xattrs(TWO) };
  assert.equal(parseDirmeta(encodeDirmeta(sticky)), sticky);
});

const NONE: [Buffer, Buffer][] = [];
const ARCHIVE = tuple(uint64, uint32, uint32, uint32, uint32, utf8, xattrsType);
const header = (
  mode: number,
  rest: { target?: string; size?: number; rdev?: number; xattrs?: [Buffer, Buffer][] } = {},
) =>
  encodeVariant(ARCHIVE, [rest.size ?? 0, 0, 0, mode, rest.rdev ?? 0, bytes(rest.target ?? ""), rest.xattrs ?? NONE]);
const xattr = (name: string, value = "x"): [Buffer, Buffer] => [Buffer.from(name), Buffer.from(value)];
const DIRTREE = tuple(array(tuple(utf8, byteArray)), array(tuple(utf8, byteArray, byteArray)));
const files = (...names: string[]) =>
  encodeVariant(DIRTREE, [names.map((name) => [bytes(name), Buffer.alloc(32)] as const) as never, []]);

const REFUSED: [string, () => unknown][] = [
  ["a device", () => parseArchiveHeader(header(0o20666))],
  ["a file type that does not exist", () => parseArchiveHeader(header(0o644))],
  ["a mode with unknown bits", () => parseArchiveHeader(header(0o2100644))],
  ["a device number", () => parseArchiveHeader(header(0o100644, { rdev: 259 }))],
  ["a regular file with a target", () => parseArchiveHeader(header(0o100644, { target: "x" }))],
  ["a symlink without a target", () => parseArchiveHeader(header(0o120777))],
  ["a symlink longer than a path", () => parseArchiveHeader(header(0o120777, { target: "t".repeat(4096) }))],
  ["a symlink with content", () => parseArchiveHeader(header(0o120777, { target: "t", size: 1 }))],
  [
    "xattrs out of order",
    () => parseArchiveHeader(header(0o100644, { xattrs: [xattr("user.b\0"), xattr("user.a\0")] })),
  ],
  ["an xattr twice", () => parseArchiveHeader(header(0o100644, { xattrs: [xattr("user.a\0"), xattr("user.a\0")] }))],
  ["an xattr name without a NUL", () => parseArchiveHeader(header(0o100644, { xattrs: [xattr("user.a")] }))],
  ["an xattr without a name", () => parseArchiveHeader(header(0o100644, { xattrs: [xattr("\0")] }))],
  [
    "a dirmeta of a file",
    () => parseDirmeta(encodeVariant(tuple(uint32, uint32, uint32, xattrsType), [0, 0, 0o100644, NONE])),
  ],
  ["a name with a slash", () => parseOstreeDirtree(files("a/b"))],
  ["the name '..'", () => parseOstreeDirtree(files(".."))],
  ["an empty name", () => parseOstreeDirtree(files(""))],
  ["a name longer than the kernel takes", () => parseOstreeDirtree(files("n".repeat(256)))],
  ["names out of order", () => parseOstreeDirtree(files("b", "a"))],
  ["a name twice", () => parseOstreeDirtree(files("a", "a"))],
  ["a checksum of 31 bytes", () => parseOstreeDirtree(encodeVariant(DIRTREE, [[[bytes("a"), Buffer.alloc(31)]], []]))],
  [
    "a name that is both file and directory",
    () =>
      parseOstreeDirtree(
        encodeVariant(DIRTREE, [[[bytes("a"), Buffer.alloc(32)]], [[bytes("a"), Buffer.alloc(32), Buffer.alloc(32)]]]),
      ),
  ],
];
for (const [what, parse] of REFUSED) {
  test(`refuses ${what}`, () => assert.throws(parse, (error: unknown) => isAtomicError(error, "invalid")));
}
