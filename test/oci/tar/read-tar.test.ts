import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import * as assert from "uvu/assert";
import { fromBytes } from "../../../src/bytes.ts";
import { AtomicError } from "../../../src/errors.ts";
import { createTarReader, type TarEntry } from "../../../src/oci/tar/read-tar.ts";
import { suite } from "../../support/suite.ts";
import { tempDir } from "../../support/temp.ts";
import { bytes } from "../../support/tree-builder.ts";
import { entry, header, tar, withChecksum } from "../tar-builder.ts";

const test = suite("oci/tar/read-tar");

type Read = Omit<TarEntry, "contentAt"> & { content: string };

/** Reads an archive handed over in pieces of `step` bytes. */
function readTar(archive: Buffer, step = archive.length): Read[] {
  const entries: Read[] = [];
  const reader = createTarReader((found) => {
    const { contentAt, ...known } = found;
    const read: Read = { ...known, content: "" };
    assert.is(contentAt % 512, 0);
    entries.push(read);
    return { write: (chunk) => void (read.content += fromBytes(chunk)), end: () => undefined };
  });
  for (let at = 0; at < archive.length; at += step) reader.write(archive.subarray(at, at + step));
  reader.end();
  return entries;
}

const PLAIN = {
  type: "file",
  mode: 0o644,
  uid: 0,
  gid: 0,
  size: 0,
  mtime: 1_700_000_000,
  mtimeNsec: 0,
  target: "",
  major: 0,
  minor: 0,
  xattrs: [],
  content: "",
};

const MEANINGS: { what: string; archive: Buffer; expected: Partial<Read>[] }[] = [
  {
    what: "a file",
    archive: tar({ name: "a", content: "hello" }),
    expected: [{ name: bytes("a"), size: 5, content: "hello" }],
  },
  { what: "an empty archive", archive: tar(), expected: [] },
  { what: "an archive without an end marker", archive: entry({ name: "a" }), expected: [{ name: bytes("a") }] },
  {
    what: "what follows the end marker as nothing",
    archive: Buffer.concat([tar(), Buffer.from("junk")]),
    expected: [],
  },
  {
    what: "a symlink, a hard link, a fifo and a directory",
    archive: tar(
      { name: "l", flag: "2", target: "../a" },
      { name: "h", flag: "1", target: "a" },
      { name: "p", flag: "6" },
      { name: "d/", flag: "5" },
    ),
    expected: [
      { name: bytes("l"), type: "symlink", target: bytes("../a") },
      { name: bytes("h"), type: "hardlink", target: bytes("a") },
      { name: bytes("p"), type: "fifo" },
      { name: bytes("d/"), type: "directory" },
    ],
  },
  {
    what: "a device with its numbers",
    archive: tar({ name: "c", flag: "3", major: 5, minor: 1 }),
    expected: [{ name: bytes("c"), type: "character", major: 5, minor: 1 }],
  },
  {
    what: "a directory of an archive older than ustar",
    archive: tar({ name: "d/" }),
    expected: [{ name: bytes("d/"), type: "directory" }],
  },
  {
    what: "names, times and xattrs of PAX records as bytes",
    archive: tar({
      name: "short",
      flag: "2",
      pax: {
        path: `${"x".repeat(150)}/\xff`,
        linkpath: "t\xc3\xa4",
        mtime: "1700000001.25",
        uid: "4000000000",
        "SCHILY.xattr.user.z": "1",
        "SCHILY.xattr.security.capability": "\x01\x00\x00\x02\x80\xff=\n\x00",
      },
    }),
    expected: [
      {
        name: bytes(`${"x".repeat(150)}/\xff`),
        type: "symlink",
        target: bytes("t\xc3\xa4"),
        mtime: 1_700_000_001,
        mtimeNsec: 250_000_000,
        uid: 4_000_000_000,
        xattrs: [
          { name: bytes("security.capability"), value: bytes("\x01\x00\x00\x02\x80\xff=\n\x00") },
          { name: bytes("user.z"), value: bytes("1") },
        ],
      },
    ],
  },
  {
    what: "a time before 1970 with a fraction",
    archive: tar({ name: "a", pax: { mtime: "-1.25" } }),
    expected: [{ name: bytes("a"), mtime: -2, mtimeNsec: 750_000_000 }],
  },
  {
    what: "a global header that only comments",
    archive: tar({ name: "g", flag: "g", content: "16 comment=hi!!\n" }, { name: "a" }),
    expected: [{ name: bytes("a") }],
  },
  {
    what: "a PAX size that replaces the header's",
    archive: tar({ name: "a", pax: { size: "3" }, content: "abc" }),
    expected: [{ name: bytes("a"), size: 3, content: "abc" }],
  },
  {
    what: "GNU's long name for the next entry only",
    archive: tar({ name: "././@LongLink", flag: "L", content: `${"n".repeat(200)}\0` }, { name: "cut" }, { name: "b" }),
    expected: [{ name: bytes("n".repeat(200)) }, { name: bytes("b") }],
  },
];

for (const { what, archive, expected } of MEANINGS) {
  test(`reads ${what}`, () => {
    assert.equal(
      readTar(archive),
      expected.map((entry) => ({ ...PLAIN, ...entry })),
    );
  });
}

function patched(patch: (block: Buffer) => void): Buffer {
  const block = header({ name: "victim" }, Buffer.alloc(0));
  patch(block);
  return Buffer.concat([withChecksum(block), Buffer.alloc(1024)]);
}

const HOSTILE: { what: string; archive: Buffer; code: string; message: RegExp }[] = [
  {
    what: "a wrong checksum",
    archive: Buffer.concat([header({ name: "a" }, Buffer.alloc(0)).fill("z", 0, 1), Buffer.alloc(1024)]),
    code: "invalid",
    message: /checksum/,
  },
  {
    what: "an archive cut short in a file",
    archive: tar({ name: "cut", content: "x".repeat(600) }).subarray(0, 900),
    code: "invalid",
    message: /in the middle of cut/,
  },
  {
    what: "an archive cut short in a header",
    archive: tar({ name: "a" }).subarray(0, 300),
    code: "invalid",
    message: /in the middle/,
  },
  {
    what: "a lone block of zeros",
    archive: Buffer.concat([entry({ name: "a" }), Buffer.alloc(512), tar({ name: "b" })]),
    code: "invalid",
    message: /lone block of zeros after a/,
  },
  {
    what: "a size that is no number",
    archive: patched((block) => block.write("0000000z", 124)),
    code: "invalid",
    message: /victim.*no number/,
  },
  {
    what: "a negative binary size",
    archive: patched((block) => block.fill(0xff, 124, 136)),
    code: "invalid",
    message: /victim/,
  },
  {
    what: "a binary size beyond 2^53",
    archive: patched((block) => block.fill(0x7f, 125, 136).fill(0x80, 124, 125)),
    code: "invalid",
    message: /no number/,
  },
  { what: "an unknown type", archive: tar({ name: "v", flag: "V" }), code: "unsupported", message: /v is of type "V"/ },
  {
    what: "a GNU sparse file",
    archive: tar({ name: "holes", flag: "S" }),
    code: "unsupported",
    message: /holes.*sparse/,
  },
  {
    what: "a PAX sparse file",
    archive: tar({ name: "holes", pax: { "GNU.sparse.major": "1" } }),
    code: "unsupported",
    message: /holes.*sparse/,
  },
  {
    what: "a PAX record longer than its header",
    archive: tar({ name: "x", flag: "x", content: "99 path=a\n" }, { name: "a" }),
    code: "invalid",
    message: /malformed record/,
  },
  {
    what: "a PAX record without a newline",
    archive: tar({ name: "x", flag: "x", content: "9 path=aaa" }, { name: "a" }),
    code: "invalid",
    message: /malformed record/,
  },
  {
    what: "a PAX number with a sign",
    archive: tar({ name: "a", pax: { uid: "-1" } }),
    code: "invalid",
    message: /no number/,
  },
  {
    what: "a PAX time that is none",
    archive: tar({ name: "a", pax: { mtime: "1e9" } }),
    code: "invalid",
    message: /no time/,
  },
  {
    what: "a global header that renames everything",
    archive: tar({ name: "g", flag: "g", content: "11 path=abc\n".replace("11", "12") }),
    code: "unsupported",
    message: /"path"/,
  },
  {
    what: "two megabytes of attributes",
    archive: tar({ name: "x", flag: "x", content: Buffer.alloc(2 << 20) }),
    code: "invalid",
    message: /bytes of attributes/,
  },
];

for (const { what, archive, code, message } of HOSTILE) {
  test(`rejects ${what}`, () => {
    assert.throws(
      () => readTar(archive),
      (error: unknown) => error instanceof AtomicError && error.code === code && message.test(error.message),
    );
  });
}

test("reads the same however the archive is cut into pieces", () => {
  const archive = tar(
    { name: "a", content: "x".repeat(1000), pax: { "SCHILY.xattr.user.a": "b" } },
    { name: "b/", flag: "5" },
    { name: "c", content: "y" },
  );
  const whole = readTar(archive);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1200 }), (step) => {
      assert.equal(readTar(archive, step), whole);
    }),
    { numRuns: 50 },
  );
});

test("never fails but as an AtomicError on mangled archives", () => {
  const archive = tar({ name: "a", content: "hello", pax: { path: "long" } }, { name: "l", flag: "2", target: "a" });
  fc.assert(
    fc.property(fc.nat(archive.length - 1), fc.uint8Array({ minLength: 1, maxLength: 40 }), (at, patch) => {
      const mangled = Buffer.from(archive);
      mangled.set(patch.subarray(0, mangled.length - at), at);
      try {
        readTar(mangled);
      } catch (error) {
        assert.instance(error, AtomicError);
      }
    }),
  );
});

for (const format of ["gnu", "pax", "ustar", "v7"]) {
  test(`reads what GNU tar writes in format ${format}`, () => {
    const dir = tempDir();
    const long = format === "gnu" || format === "pax" ? `${"d".repeat(120)}/${"f".repeat(130)}` : "dir/file";
    mkdirSync(join(dir, "tree", long, ".."), { recursive: true });
    writeFileSync(join(dir, "tree", long), "content");
    chmodSync(join(dir, "tree", long), 0o755);
    utimesSync(join(dir, "tree", long), 1_600_000_000.5, 1_600_000_000.5);
    symlinkSync("target", join(dir, "tree/link"));
    const command = ["-C", join(dir, "tree"), `--format=${format}`, "--sort=name", "-cf", "-", "."];
    const entries = readTar(execFileSync("tar", command));
    const file = entries.find(({ name }) => name.endsWith(long));
    assert.is(file?.content, "content");
    assert.is(file?.mode, 0o755);
    assert.is(file?.mtime, 1_600_000_000);
    assert.is(file?.mtimeNsec, format === "pax" ? 500_000_000 : 0);
    assert.is(entries.find(({ name }) => name === "./link")?.target, "target");
  });
}

test("tells where contents are", () => {
  const archive = tar({ name: "a", content: "x".repeat(600), pax: { uid: "1" } }, { name: "b", content: "here" });
  const places = new Map<string, number>();
  const reader = createTarReader((found) => {
    places.set(found.name, found.contentAt);
    return undefined;
  });
  for (let at = 0; at < archive.length; at += 100) reader.write(archive.subarray(at, at + 100));
  assert.is(archive.indexOf("here"), places.get("b"));
  assert.is(archive.indexOf("xxx"), places.get("a"));
});
