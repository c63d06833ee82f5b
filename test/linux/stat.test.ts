import { lstatSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import type { Stat } from "../../src/linux/index.ts";
import * as linux from "../../src/linux/index.ts";
import { suite } from "../support/suite.ts";
import { tempDir } from "../support/temp.ts";
import { refusal } from "./refusal.ts";

const test = suite("linux/stat");
const dir = tempDir();
const { AT_FDCWD } = linux;

/** The same, as Node reads it. */
function oracle(path: string): Stat {
  const stat = lstatSync(path, { bigint: true });
  return {
    mode: Number(stat.mode),
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    size: Number(stat.size),
    ino: Number(stat.ino),
    dev: Number(stat.dev),
    nlink: Number(stat.nlink),
    rdev: Number(stat.rdev),
    mtime: Math.floor(Number(stat.mtimeNs / 1_000_000_000n)),
    mtimeNsec: Number(stat.mtimeNs % 1_000_000_000n),
    ctime: Math.floor(Number(stat.ctimeNs / 1_000_000_000n)),
    ctimeNsec: Number(stat.ctimeNs % 1_000_000_000n),
    blocks: Number(stat.blocks),
  };
}

test("agrees with Node on files of every type", () => {
  writeFileSync(join(dir, "file"), "x".repeat(5000));
  symlinkSync("file", join(dir, "sym"));
  for (const path of [join(dir, "file"), join(dir, "sym"), dir, "/dev/null", "/", "/bin/sh"])
    assert.equal(linux.statAt(AT_FDCWD, path), oracle(path), path);
});

test("reads an open file, O_PATH too", () => {
  const fd = linux.open(join(dir, "sym"), linux.O_PATH | linux.O_NOFOLLOW);
  assert.equal(linux.fstat(fd), oracle(join(dir, "sym")));
  linux.close(fd);
});

test("follows only on request", () => {
  assert.is(linux.statAt(AT_FDCWD, join(dir, "sym")).mode & linux.S_IFMT, linux.S_IFLNK);
  assert.is(linux.statAt(AT_FDCWD, join(dir, "sym"), { follow: true }).mode & linux.S_IFMT, linux.S_IFREG);
});

test("reads times before 1970 and after 2106", () => {
  for (const mtime of [-5, 2 ** 32 + 7]) {
    linux.utimensAt(AT_FDCWD, join(dir, "file"), { mtime, mtimeNsec: 0 });
    assert.equal(linux.statAt(AT_FDCWD, join(dir, "file")), oracle(join(dir, "file")));
    assert.is(linux.statAt(AT_FDCWD, join(dir, "file")).mtime, mtime);
  }
});

test("answers undefined for what is missing, when asked so", () => {
  assert.is(linux.statIfExists(AT_FDCWD, join(dir, "gone")), undefined);
  assert.is(linux.statIfExists(AT_FDCWD, join(dir, "file/below")), undefined);
  assert.is(linux.statIfExists(AT_FDCWD, join(dir, "sym"))?.size, 4);
  assert.is(refusal(() => linux.statIfExists(AT_FDCWD, "x".repeat(300))).errno, "ENAMETOOLONG");
  assert.is(refusal(() => linux.statAt(AT_FDCWD, join(dir, "gone"))).code, "not-found");
});

test("encodes device numbers as the kernel does", () => {
  assert.is(linux.encodeDevice(1, 3), 0x103);
  assert.is(linux.encodeDevice(8, 0x12345), 0x12300845);
  assert.is(linux.encodeDevice(0xfff, 0xfffff), 0xffffffff);
});
