import fc from "fast-check";
import * as assert from "uvu/assert";
import {
  createBlsEntry,
  formatBlsEntry,
  getField,
  getFields,
  parseBlsEntry,
  setFields,
} from "../../src/bootloader/bls-entry.ts";
import { isAtomicError } from "../../src/errors.ts";
import { suite } from "../support/suite.ts";

const test = suite("bootloader/bls-entry");

const FOREIGN = `# Boot Loader Specification type#1 entry
title      Debian GNU/Linux 12 (bookworm)
version    6.1.0-13-amd64
\tmachine-id\tdeadbeef

options    root=UUID=1 ro
grub_users $grub_users
options    quiet
linux      /deadbeef/6.1.0-13-amd64/linux
initrd     /microcode.img
initrd     /deadbeef/6.1.0-13-amd64/initrd.img
lonely
`;

const rejects = (text: string, reason: RegExp) =>
  assert.throws(
    () => parseBlsEntry(text),
    (error: unknown) => isAtomicError(error, "invalid") && reason.test(error.message),
  );

test("reads fields, repeated ones in order", () => {
  const entry = parseBlsEntry(FOREIGN);
  assert.is(getField(entry, "title"), "Debian GNU/Linux 12 (bookworm)");
  assert.is(getField(entry, "machine-id"), "deadbeef");
  assert.equal(getFields(entry, "initrd"), ["/microcode.img", "/deadbeef/6.1.0-13-amd64/initrd.img"]);
  assert.equal(getFields(entry, "options"), ["root=UUID=1 ro", "quiet"]);
  assert.is(getField(entry, "lonely"), undefined);
  assert.is(getField(entry, "efi"), undefined);
});

test("takes the last of a key that should stand once", () => {
  assert.is(getField(parseBlsEntry("linux /a\ntitle A\ntitle B\n"), "title"), "B");
});

test("reads carriage returns and a missing last line feed", () => {
  const entry = parseBlsEntry("title A\r\nlinux /a");
  assert.is(getField(entry, "title"), "A");
  assert.is(formatBlsEntry(entry), "title A\r\nlinux /a\n");
});

test("writes someone else's file as it was", () => {
  assert.is(formatBlsEntry(parseBlsEntry(FOREIGN)), FOREIGN);
});

test("changes one key and nothing around it", () => {
  const changed = formatBlsEntry(setFields(parseBlsEntry(FOREIGN), "options", ["root=UUID=2", "splash"]));
  assert.is(
    changed,
    FOREIGN.replace("options    root=UUID=1 ro", "options root=UUID=2\noptions splash").replace(
      "options    quiet\n",
      "",
    ),
  );
});

test("adds a key at the end and removes one", () => {
  const entry = createBlsEntry([{ key: "linux", value: "/a" }]);
  const added = setFields(entry, "x-note", ["one", "two"]);
  assert.is(formatBlsEntry(added), "linux /a\nx-note one\nx-note two\n");
  assert.is(formatBlsEntry(setFields(added, "x-note", [])), "linux /a\n");
  assert.is(formatBlsEntry(entry), "linux /a\n");
});

for (const path of ["/vmlinuz", "vmlinuz", "/a/..b/vmlinuz", "/a b/vmlinuz"]) {
  test(`accepts the path ${path}`, () => assert.is(getField(parseBlsEntry(`linux ${path}\n`), "linux"), path));
}

const HOSTILE: Record<string, [string, RegExp]> = {
  "an empty file": ["", /none of linux, efi/],
  "nothing to start": ["title A\noptions quiet\n", /none of linux, efi/],
  "an empty linux": ["linux \n", /none of linux, efi/],
  "a commented linux": ["#linux /a\n", /none of linux, efi/],
  NUL: ["linux /a\0b\n", /control character "\\u0000"/],
  "an escape sequence in the title": ["title \u001b[2J\nlinux /a\n", /control character/],
  "a C1 control character": ["title \u009b2J\nlinux /a\n", /control character/],
  "a carriage return inside a line": ["title A\rlinux /evil\nlinux /a\n", /control character/],
  "a control character in a comment": ["# \u0007\nlinux /a\n", /control character/],
  "'..' in linux": ["linux /../a\n", /'linux' names the unsafe path/],
  "'..' at the end": ["linux /a/..\n", /unsafe path/],
  "'..' in a relative path": ["linux ../a\n", /unsafe path/],
  "'.' in initrd": ["linux /a\ninitrd /./b\n", /'initrd' names/],
  "an empty component": ["linux //a\n", /unsafe path/],
  "a directory": ["linux /a/\n", /unsafe path/],
  "the root": ["linux /\n", /unsafe path/],
  "a backslash": ["efi /EFI\\..\\a\n", /'efi' names/],
  "'..' in a second overlay": ["linux /a\ndevicetree-overlay /b /../c\n", /'devicetree-overlay' names/],
  "'..' in the first of two initrds": ["linux /a\ninitrd /../b\ninitrd /c\n", /'initrd' names/],
  "an overlong path": [`linux /${"a/".repeat(600)}a\n`, /longer than 1024/],
  "an overlong key": [`linux /a\n${"k".repeat(65)} v\n`, /longer than 64/],
  "an overlong file": [`linux /a\n${"# \n".repeat(22_000)}`, /larger than 65536/],
};

for (const [what, [text, reason]] of Object.entries(HOSTILE)) test(`rejects ${what}`, () => rejects(text, reason));

for (const [what, value] of Object.entries({
  "two lines": "a\ninitrd /evil",
  nothing: "",
  "a leading space": " a",
  "a trailing carriage return": "a\r",
})) {
  test(`refuses to write a value of ${what}`, () => {
    assert.throws(
      () => setFields(parseBlsEntry("linux /a\n"), "title", [value]),
      (error: unknown) => isAtomicError(error, "invalid"),
    );
  });
}

test("refuses to write an unsafe path or key", () => {
  for (const [key, value] of [
    ["initrd", "/../a"],
    ["two words", "a"],
    ["#", "a"],
    ["", "a"],
  ] as const) {
    assert.throws(
      () => setFields(parseBlsEntry("linux /a\n"), key, [value]),
      (error: unknown) => isAtomicError(error, "invalid"),
    );
  }
});

const word = fc.string({
  unit: fc.constantFrom(..."abz019=\"'#-_./ä".split("")),
  minLength: 1,
  maxLength: 8,
});
const value = fc.array(word, { minLength: 1, maxLength: 4 }).map((words) => words.join(" "));
const key = fc.constantFrom("title", "version", "options", "x-note", "sort-key");

test("reads back the fields it writes", () => {
  fc.assert(
    fc.property(fc.array(fc.record({ key, value }, { noNullPrototype: true })), (fields) => {
      const entry = parseBlsEntry(formatBlsEntry(createBlsEntry([...fields, { key: "linux", value: "/a" }])));
      const read = entry.lines.map((line) => line.field);
      assert.equal(read.slice(0, -1), fields);
    }),
  );
});

test("keeps any text it accepts", () => {
  const line = fc.oneof(
    fc.tuple(fc.constantFrom("", " ", "\t"), key, fc.constantFrom(" ", "\t  "), value).map((parts) => parts.join("")),
    value.map((text) => `# ${text}`),
    fc.constant(""),
  );
  fc.assert(
    fc.property(fc.array(line), (lines) => {
      const text = [...lines, "linux /a", ""].join("\n");
      assert.is(formatBlsEntry(parseBlsEntry(text)), text);
    }),
  );
});
