import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { parseComposeDocument } from "../../../src/deploy/compose/document.ts";
import { parseComposeFile } from "../../../src/deploy/compose/file.ts";
import { loadComposeFile } from "../../../src/deploy/compose/load.ts";
import { isAtomicError } from "../../../src/errors.ts";
import { suite } from "../../support/suite.ts";
import { tempDir } from "../../support/temp.ts";

const test = suite("deploy/compose/file");
const parse = (text: string) => parseComposeFile(parseComposeDocument(text));

const MINIMAL = "format: 1\nref: a/b\ntimestamp: 1700000000\nbase: none\n";
const DEBIAN = "format: 1\nref: a/b\ntimestamp: 1700000000\nbase: debian\ndebian: { suite: bookworm }\n";

test("fills in what a minimal file leaves out", () => {
  assert.equal(parse(MINIMAL), {
    ref: "a/b",
    version: undefined,
    subject: undefined,
    timestamp: 1_700_000_000,
    debian: undefined,
    packages: [],
    overlays: [],
    files: new Map(),
    remove: [],
    kargs: [],
    units: { enable: [], disable: [], mask: [] },
    machine: { hostname: undefined, timezone: undefined, locale: undefined },
  });
});

test("takes the release suite alone unless updates are asked for", () => {
  assert.equal(parse(DEBIAN).debian, {
    suite: "bookworm",
    components: ["main"],
    updates: false,
    mirror: undefined,
    securityMirror: undefined,
    keyring: "/usr/share/keyrings/debian-archive-keyring.gpg",
  });
});

test("reads a date as seconds", () => {
  assert.is(parse(MINIMAL.replace("1700000000", "2026-07-11T12:00:00Z")).timestamp, 1_783_771_200);
});

test("reads every kind of inline file", () => {
  const { files } = parse(`${MINIMAL}files:
  a: text
  b: { content: "", mode: "04755", uid: 1, gid: 2 }
  c: { base64: AAH/ }
  d: { noise: { seed: s, bytes: 40 } }
  e: { symlink: ../x }
  f: { hardlink: a }
  g/h: { directory: true, mode: "0700" }
  gone: null
`);
  const inode = { mode: 0o644, uid: 0, gid: 0 };
  assert.equal([...files.keys()], ["a", "b", "c", "d", "e", "f", "g/h"]);
  assert.equal(files.get("a"), { kind: "file", content: Buffer.from("text"), ...inode });
  assert.equal(files.get("b"), { kind: "file", content: Buffer.alloc(0), mode: 0o4755, uid: 1, gid: 2 });
  assert.equal(files.get("c"), { kind: "file", content: Buffer.from([0, 1, 255]), ...inode });
  assert.equal(files.get("e"), { kind: "symlink", target: "../x" });
  assert.equal(files.get("f"), { kind: "hardlink", target: "a" });
  assert.equal(files.get("g/h"), { kind: "directory", mode: 0o700, uid: 0, gid: 0 });
  const noise = files.get("d");
  assert.is(
    noise?.kind === "file" && noise.content.toString("hex"),
    "21d0725006cf0ba54c6f2c5e2f279fc731c4d72e4205515f93df41ae6ddf7f5b1b25f38c1aa8553b",
  );
});

const hostile: Record<string, string> = {
  "nothing at all": "",
  "a list": "- a\n",
  "text that is not YAML": "a: [",
  "two documents": `${MINIMAL}---\n${MINIMAL}`,
  "a key given twice": `${MINIMAL}ref: c\n`,
  "an alias": `${MINIMAL}kargs: &a [x]\nremove: *a\n`,
  "an unknown tag": `${MINIMAL}subject: !!js/function "x"\n`,
  "more than 1 MiB": `${MINIMAL}# ${"x".repeat(1 << 20)}\n`,
  "a later format": MINIMAL.replace("format: 1", "format: 2"),
  "no format": MINIMAL.replace("format: 1\n", ""),
  "no ref": MINIMAL.replace("ref: a/b\n", ""),
  "'..' in the ref": MINIMAL.replace("a/b", "a/../b"),
  "no timestamp": MINIMAL.replace("timestamp: 1700000000\n", ""),
  "a negative timestamp": MINIMAL.replace("1700000000", "-1"),
  "a timestamp past 32 bits": MINIMAL.replace("1700000000", "4294967296"),
  "a date that does not exist": MINIMAL.replace("1700000000", "2026-13-41T00:00:00Z"),
  "an unknown base": MINIMAL.replace("none", "gentoo"),
  "an unknown key": `${MINIMAL}package: [a]\n`,
  "a key of the prototype": `${MINIMAL}__proto__: { mode: "0777" }\n`,
  "an unknown key below debian": `${DEBIAN.replace("bookworm", "bookworm, arch: x")}`,
  "debian settings with base none": `${MINIMAL}debian: { suite: bookworm }\n`,
  "'..' where an overlay goes": `${MINIMAL}overlays: [{ from: a, to: ../b }]\n`,
  "an overlay without a place": `${MINIMAL}overlays: [{ from: a }]\n`,
  "no suite": DEBIAN.replace("suite: bookworm", ""),
  "an option as suite": DEBIAN.replace("bookworm", "--help"),
  "blanks in a mirror": DEBIAN.replace("bookworm", 'bookworm, mirror: "http://a b"'),
  "a bracket in a mirror": DEBIAN.replace("bookworm", 'bookworm, mirror: "http://a]b"'),
  "a mirror of another kind": DEBIAN.replace("bookworm", 'bookworm, mirror: "copy:/x"'),
  "blanks in a keyring": DEBIAN.replace("bookworm", 'bookworm, keyring: "/a trusted=yes"'),
  "packages with base none": `${MINIMAL}packages: [vim]\n`,
  "units with base none": `${MINIMAL}units: { enable: [a.service] }\n`,
  "packages that are no list": `${DEBIAN}packages: vim\n`,
  "a comma in a package": `${DEBIAN}packages: ["a,b"]\n`,
  "an option as package": `${DEBIAN}packages: ["--allow"]\n`,
  "a package that is a number": `${DEBIAN}packages: [12]\n`,
  "an option as unit": `${DEBIAN}units: { enable: ["--root.service", "-x.service"] }\n`,
  "a path as unit": `${DEBIAN}units: { mask: ["../../x.service"] }\n`,
  "a blank in a karg": `${MINIMAL}kargs: ["a b"]\n`,
  "a quote in a karg": `${MINIMAL}kargs: ['a"b']\n`,
  "a newline in a karg": `${MINIMAL}kargs: ["a\\nb"]\n`,
  "a newline in the version": `${MINIMAL}version: "1\\n2"\n`,
  "a version that is a number": `${MINIMAL}version: 1.10\n`,
  "a host name with a slash": `${MINIMAL}machine: { hostname: a/b }\n`,
  "a host name of 65 characters": `${MINIMAL}machine: { hostname: ${"a".repeat(65)} }\n`,
  "'..' in a time zone": `${MINIMAL}machine: { timezone: ../../x }\n`,
  "an absolute path": `${MINIMAL}files: { /etc/x: y }\n`,
  "'..' in a path": `${MINIMAL}files: { etc/../../x: y }\n`,
  "'.' in a path": `${MINIMAL}files: { ./x: y }\n`,
  "an empty part in a path": `${MINIMAL}files: { a//b: y }\n`,
  "a NUL in a path": `${MINIMAL}files: { "a\\0b": y }\n`,
  "'..' in a path to remove": `${MINIMAL}remove: [../x]\n`,
  "'..' in a hard link": `${MINIMAL}files: { x: { hardlink: ../y } }\n`,
  "an empty link": `${MINIMAL}files: { x: { symlink: "" } }\n`,
  "a NUL in a link": `${MINIMAL}files: { x: { symlink: "a\\0b" } }\n`,
  "two kinds of one file": `${MINIMAL}files: { x: { content: a, symlink: b } }\n`,
  "a file of no kind": `${MINIMAL}files: { x: { mode: "0644" } }\n`,
  "a mode for a link": `${MINIMAL}files: { x: { symlink: b, mode: "0644" } }\n`,
  "a mode without quotes": `${MINIMAL}files: { x: { content: a, mode: 0644 } }\n`,
  "a mode with file type bits": `${MINIMAL}files: { x: { content: a, mode: "100644" } }\n`,
  "a negative owner": `${MINIMAL}files: { x: { content: a, uid: -1 } }\n`,
  "the owner that means none": `${MINIMAL}files: { x: { content: a, uid: 4294967295 } }\n`,
  "malformed base64": `${MINIMAL}files: { x: { base64: "A*A=" } }\n`,
  "too much noise": `${MINIMAL}files: { x: { noise: { seed: s, bytes: 67108865 } } }\n`,
};
for (const [what, text] of Object.entries(hostile)) {
  test(`rejects ${what}`, () =>
    assert.throws(
      () => parse(text),
      (error: unknown) => isAtomicError(error, "invalid"),
    ));
}

test("names the key and both sides in an error", () => {
  assert.throws(
    () => parse(`${MINIMAL}files: { x: { content: a, mode: 0644 } }\n`),
    (error: Error) =>
      error.message ===
      'reading the compose file: files "x".mode: expected octal digits in quotes, as in "0644", found 644',
  );
});

function directory(files: Record<string, string>): string {
  const path = tempDir();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(path, name, ".."), { recursive: true });
    writeFileSync(join(path, name), text);
  }
  return path;
}

test("extends another file: maps are joined, lists and files replaced, overlays stay beside their file", () => {
  const path = directory({
    "base/base.yaml": `${DEBIAN}packages: [a1, b1]\noverlays: [over, { from: ../built, to: usr/lib }]\nkargs: [x]\nfiles:\n  f: { content: a, mode: "0600" }\n  g: a\n`,
    "own.yaml": "extends: base/base.yaml\ndebian: { updates: true }\nkargs: [y]\nfiles:\n  f: { content: b }\n",
  });
  const file = loadComposeFile(join(path, "own.yaml"));
  assert.is(file.debian?.suite, "bookworm");
  assert.is(file.debian?.updates, true);
  assert.equal(file.packages, ["a1", "b1"]);
  assert.equal(file.kargs, ["y"]);
  assert.equal(file.overlays, [
    { from: join(path, "base/over"), to: "" },
    { from: join(path, "built"), to: "usr/lib" },
  ]);
  assert.equal(file.files.get("f"), { kind: "file", content: Buffer.from("b"), mode: 0o644, uid: 0, gid: 0 });
  assert.equal([...file.files.keys()], ["f", "g"]);
});

test("settings override the file", () => {
  const path = directory({ "a.yaml": DEBIAN });
  const settings = ["debian.updates=true", "debian.mirror=http://127.0.0.1:1/debian", "timestamp=5", "version=13.10"];
  const file = loadComposeFile(join(path, "a.yaml"), settings);
  assert.is(file.debian?.updates, true);
  assert.is(file.debian?.mirror, "http://127.0.0.1:1/debian");
  assert.is(file.timestamp, 5);
  assert.is(file.version, "13.10");
});

for (const setting of ["", "debian.updates", "=true", "debian..updates=true", "debian.=x"]) {
  test(`rejects the setting ${JSON.stringify(setting)}`, () => {
    const path = directory({ "a.yaml": DEBIAN });
    assert.throws(
      () => loadComposeFile(join(path, "a.yaml"), [setting]),
      (error: unknown) => isAtomicError(error, "usage"),
    );
  });
}

test("rejects a setting whose value the key does not take", () => {
  const path = directory({ "a.yaml": DEBIAN });
  for (const setting of ["kargs=[a]", "debian=x", "debian.updates=yes", "ref=../x", "nokey=1"]) {
    assert.throws(
      () => loadComposeFile(join(path, "a.yaml"), [setting]),
      (error: unknown) => isAtomicError(error, "invalid"),
      setting,
    );
  }
});

test("rejects files that extend each other, and names the file in an error", () => {
  const path = directory({ "a.yaml": "extends: b.yaml\n", "b.yaml": "extends: a.yaml\n", "bad.yaml": "format: 3\n" });
  assert.throws(
    () => loadComposeFile(join(path, "a.yaml")),
    (error: unknown) => isAtomicError(error, "invalid"),
  );
  assert.throws(
    () => loadComposeFile(join(path, "bad.yaml")),
    (error: Error) => error.message === `reading ${join(path, "bad.yaml")}: format: expected 1, found 3`,
  );
  assert.throws(
    () => loadComposeFile(join(path, "none.yaml")),
    (error: unknown) => isAtomicError(error, "not-found"),
  );
});
