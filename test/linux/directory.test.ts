import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { compareBytes, fromBytes, fromText } from "../../src/bytes.ts";
import {
  AT_FDCWD,
  close,
  DT,
  mkdirAt,
  O_DIRECTORY,
  O_PATH,
  O_RDONLY,
  open,
  readDirectory,
} from "../../src/linux/index.ts";
import { suite } from "../support/suite.ts";
import { tempDir } from "../support/temp.ts";
import { refusal } from "./refusal.ts";

const test = suite("linux/directory");

test("lists names as bytes, with types, without . and ..", () => {
  const dir = tempDir();
  const raw = Buffer.from([0xff, 0x0a, 0xc3]);
  writeFileSync(join(dir, "ö"), "");
  writeFileSync(Buffer.concat([Buffer.from(`${dir}/`), raw]), "");
  mkdirSync(join(dir, "d"));
  symlinkSync("d", join(dir, "..."));
  const fd = open(dir, O_RDONLY | O_DIRECTORY);
  assert.equal(
    readDirectory(fd).sort((a, b) => compareBytes(a.name, b.name)),
    [
      { name: fromText("..."), type: DT.symlink },
      { name: fromText("d"), type: DT.directory },
      { name: fromText("ö"), type: DT.file },
      { name: fromBytes(raw), type: DT.file },
    ],
  );
  close(fd);
});

test("lists a directory larger than one read, each time from its start", () => {
  const dir = tempDir();
  const names = Array.from({ length: 3000 }, (_, index) => `${"n".repeat(200)}${index}`);
  for (const name of names) writeFileSync(join(dir, name), "");
  const fd = open(dir, O_RDONLY | O_DIRECTORY);
  for (const _ of ["first", "again"])
    assert.equal(
      readDirectory(fd)
        .map(({ name }) => name as string)
        .sort(),
      [...names].sort(),
    );
  close(fd);
});

test("refuses to list what is no directory, or is gone", () => {
  const file = open("/etc/passwd", O_RDONLY);
  assert.is(refusal(() => readDirectory(file)).errno, "ENOTDIR");
  close(file);
  const dir = tempDir();
  const fd = open(dir, O_RDONLY | O_DIRECTORY);
  rmSync(dir, { recursive: true });
  assert.is(refusal(() => readDirectory(fd)).errno, "ENOENT");
  close(fd);
});

test("makes a directory once", () => {
  const dir = open(tempDir(), O_PATH);
  mkdirAt(dir, Buffer.from([0xfe]), 0o755);
  assert.is(refusal(() => mkdirAt(dir, Buffer.from([0xfe]), 0o755)).code, "exists");
  close(dir);
  assert.is(refusal(() => mkdirAt(AT_FDCWD, "/proc/x", 0o755)).code, "not-found");
});
