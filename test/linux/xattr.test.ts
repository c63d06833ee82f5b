import { spawnSync } from "node:child_process";
import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import * as assert from "uvu/assert";
import type { ByteString } from "../../src/bytes.ts";
import { fromBytes, fromText } from "../../src/bytes.ts";
import * as linux from "../../src/linux/index.ts";
import { unmet } from "../support/needs.ts";
import { suite } from "../support/suite.ts";
import { tempDir } from "../support/temp.ts";
import { refusal } from "./refusal.ts";

const test = suite("linux/xattr", unmet({ root: true }));
const dir = tempDir();
const file = join(dir, "file");
const sym = join(dir, "sym");
writeFileSync(file, "");
symlinkSync("file", sym);

const NAME = fromText("trusted.atomic.test");

test("finds none on an ordinary file, a symlink, a descriptor or /proc", () => {
  const fd = linux.open(file, linux.O_RDONLY);
  for (const target of [file, sym, fd, `/proc/self/fd/${fd}`, "/proc/self/status"])
    assert.equal(linux.listXattrs(target), []);
  linux.close(fd);
});

test("keeps any name and value byte for byte", () => {
  const bytes = (max: number) => fc.uint8Array({ minLength: 1, maxLength: max });
  const name = bytes(40).map((suffix) => fromBytes(suffix.map((byte) => (byte === 0 ? 1 : byte))));
  const xattrs = fc.uniqueArray(fc.record({ name, value: fc.uint8Array({ maxLength: 200 }) }), {
    selector: (xattr) => xattr.name,
    maxLength: 4,
  });
  fc.assert(
    fc.property(xattrs, (list) => {
      const expected = list
        .map((xattr) => ({ name: `trusted.${xattr.name}` as ByteString, value: fromBytes(xattr.value) }))
        .sort((a, b) => (a.name < b.name ? -1 : 1));
      for (const xattr of expected) linux.setXattr(file, xattr);
      assert.equal(linux.listXattrs(file), expected);
      for (const xattr of expected) linux.removeXattr(file, xattr.name);
      assert.equal(linux.listXattrs(file), []);
    }),
    { numRuns: 50 },
  );
});

const lacking = unmet({ programs: ["setfattr", "getfattr"] });
test.skipUnless(lacking === undefined, lacking ?? "")("reads what other tools write, and they what we write", () => {
  spawnSync("setfattr", ["-n", NAME, "-v", "0x00ff", file]);
  assert.is(linux.getXattr(file, NAME), fromBytes(Buffer.from([0, 0xff])));
  linux.setXattr(file, { name: NAME, value: fromText("é") });
  const { stdout } = spawnSync("getfattr", ["-n", NAME, "-e", "hex", "--only-values", file]);
  assert.is(stdout.toString(), "é");
  linux.removeXattr(file, NAME);
});

test("acts on a symlink, on what it points to, and on an inode by descriptor", () => {
  const value = (text: string) => ({ name: NAME, value: fromText(text) });
  linux.setXattr(sym, value("symlink"));
  linux.setXattr(sym, value("file"), { follow: true });
  assert.is(linux.getXattr(sym, NAME), "symlink");
  assert.is(linux.getXattr(sym, NAME, { follow: true }), "file");
  const fd = linux.open(file, linux.O_RDONLY);
  assert.equal(linux.listXattrs(fd), [value("file")]);
  linux.removeXattr(fd, NAME);
  linux.close(fd);
  const path = linux.open(sym, linux.O_PATH | linux.O_NOFOLLOW);
  assert.equal(linux.listXattrs(`/proc/self/fd/${path}`, { follow: true }), [value("symlink")]);
  linux.close(path);
  assert.equal(linux.listXattrs(file), []);
});

test("replaces a value and keeps an empty one", () => {
  for (const value of ["long value", ""] as ByteString[]) {
    linux.setXattr(file, { name: NAME, value });
    assert.equal(linux.listXattrs(file), [{ name: NAME, value }]);
  }
  linux.removeXattr(file, NAME);
});

test("answers undefined for a missing xattr and throws for a missing file", () => {
  assert.is(linux.getXattr(file, NAME), undefined);
  assert.is(refusal(() => linux.removeXattr(file, NAME)).code, "not-found");
  for (const call of [
    () => linux.getXattr(join(dir, "gone"), NAME),
    () => linux.listXattrs(join(dir, "gone")),
    () => linux.setXattr(join(dir, "gone"), { name: NAME, value: fromText("") }),
  ])
    assert.is(refusal(call).message.split(join(dir, "gone"))[1], ": no such file or directory (ENOENT)");
});

test("names the xattr a filesystem does not take", () => {
  const error = refusal(() => linux.setXattr(file, { name: fromText("bogus.x"), value: fromText("") }));
  assert.is(error.code, "unsupported");
  assert.is(
    error.message,
    `setting an xattr of ${file}: the xattr bogus.x is not supported by this filesystem (EOPNOTSUPP)`,
  );
});

test("rejects a NUL in a name", () => {
  assert.throws(() => linux.getXattr(file, "trusted.a\0b" as ByteString), /NUL/);
});
