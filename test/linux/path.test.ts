import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import type { ByteString } from "../../src/bytes.ts";
import { isAtomicError } from "../../src/errors.ts";
import type { PathArg } from "../../src/linux/index.ts";
import { AT_FDCWD, close, O_PATH, open, openAt, shownPath, statAt } from "../../src/linux/index.ts";
import { suite } from "../support/suite.ts";
import { tempDir } from "../support/temp.ts";
import { refusal } from "./refusal.ts";

const test = suite("linux/path");

const RAW = Buffer.from([0x61, 0xff, 0x80, 0x62]);

test("takes text as UTF-8 and bytes as they are", () => {
  const dir = tempDir();
  writeFileSync(join(dir, "größe"), "1");
  writeFileSync(Buffer.concat([Buffer.from(`${dir}/`), RAW]), "22");
  const fd = open(dir, O_PATH);
  assert.is(statAt(fd, "größe").size, 1);
  assert.is(statAt(fd, Buffer.from("größe")).size, 1);
  assert.is(statAt(fd, RAW).size, 2);
  close(fd);
});

for (const [name, path] of Object.entries<PathArg>({
  "text with a NUL": "/etc/pass\0wd",
  "bytes with a NUL": Buffer.from("/etc/pass\0wd"),
  "long text with a NUL": `${"x".repeat(5000)}\0`,
  "long bytes with a NUL": Buffer.from(`${"x".repeat(5000)}\0`),
})) {
  test(`rejects ${name}`, () => {
    assert.throws(
      () => statAt(AT_FDCWD, path),
      (error: unknown) => isAtomicError(error, "invalid"),
    );
  });
}

test("leaves a path that is too long to the kernel", () => {
  for (const path of ["x".repeat(5000), "/ü".repeat(2000), Buffer.alloc(5000, "x")])
    assert.is(refusal(() => statAt(AT_FDCWD, path)).errno, "ENAMETOOLONG");
});

test("is never mixed up with the path of an earlier call", () => {
  const dir = tempDir();
  mkdirSync(join(dir, "d"));
  writeFileSync(join(dir, "d/long-name"), "1");
  writeFileSync(join(dir, "d/l"), "22");
  assert.is(statAt(AT_FDCWD, `${dir}/d/long-name`).size, 1);
  assert.is(statAt(AT_FDCWD, `${dir}/d/l`).size, 2);
  assert.is(statAt(AT_FDCWD, Buffer.from(`${dir}/d/l`)).size, 2);
});

test("rejects a byte string at compile time", () => {
  const name = "x" as ByteString;
  // @ts-expect-error a byte string is not text
  assert.throws(() => statAt(AT_FDCWD, name));
});

test("shows what cannot be printed as escapes", () => {
  assert.is(shownPath("/a\nb\\ö"), "/a\\x0ab\\\\ö");
  assert.is(shownPath(Buffer.from([0x2f, 0xff])), "/\\xff");
});

test("shows the directory a relative path starts at", () => {
  const dir = tempDir();
  chmodSync(dir, 0o700);
  const fd = open(dir, O_PATH);
  assert.is(
    refusal(() => openAt(fd, "no/such", 0)).message,
    `opening ${dir}/no/such: no such file or directory (ENOENT)`,
  );
  assert.is(refusal(() => openAt(fd, "/no/such", 0)).message, "opening /no/such: no such file or directory (ENOENT)");
  close(fd);
  assert.is(refusal(() => close(fd)).message, `closing file descriptor ${fd}: bad file descriptor (EBADF)`);
});
