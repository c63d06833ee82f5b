import { readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { fromBytes } from "../../src/bytes.ts";
import * as linux from "../../src/linux/index.ts";
import { suite } from "../support/suite.ts";
import { tempDir } from "../support/temp.ts";
import { refusal } from "./refusal.ts";

const test = suite("linux/link");
const dir = tempDir();
const dirFd = linux.open(dir, linux.O_PATH);
test.after(() => linux.close(dirFd));
const RAW = Buffer.from([0xff, 0x20, 0xc3, 0x28]);

test("keeps a symlink's target byte for byte", () => {
  linux.symlinkAt(RAW, dirFd, "raw");
  assert.is(linux.readlinkAt(dirFd, "raw"), fromBytes(RAW));
  assert.equal(readlinkSync(join(dir, "raw"), { encoding: "buffer" }), RAW);
  assert.is(refusal(() => linux.symlinkAt("x", dirFd, "raw")).code, "exists");
});

test("reads the longest target", () => {
  const target = "t".repeat(4095);
  linux.symlinkAt(target, dirFd, "long");
  assert.is(linux.readlinkAt(dirFd, "long"), target);
});

test("refuses to read what is no symlink", () => {
  assert.is(refusal(() => linux.readlinkAt(linux.AT_FDCWD, dir)).errno, "EINVAL");
});

test("links a symlink itself", () => {
  linux.linkAt({ dirFd, path: "raw" }, { dirFd, path: RAW });
  assert.is(linux.readlinkAt(dirFd, RAW), fromBytes(RAW));
  assert.is(linux.statAt(dirFd, "raw").nlink, 2);
  const taken = refusal(() => linux.linkAt({ dirFd, path: "raw" }, { dirFd, path: "long" }));
  assert.is(taken.message, `linking ${dir}/raw to long: file exists (EEXIST)`);
});

test("removes names and empty directories, each by its own call", () => {
  linux.mkdirAt(dirFd, "d", 0o755);
  linux.mkdirAt(dirFd, "d/e", 0o755);
  assert.is(refusal(() => linux.unlinkAt(dirFd, "d")).errno, "EISDIR");
  assert.is(refusal(() => linux.unlinkAt(dirFd, "d", { directory: true })).code, "exists");
  assert.is(refusal(() => linux.unlinkAt(dirFd, "raw", { directory: true })).errno, "ENOTDIR");
  linux.unlinkAt(dirFd, "d/e", { directory: true });
  linux.unlinkAt(dirFd, "d", { directory: true });
  linux.unlinkAt(dirFd, "raw");
  assert.is(refusal(() => linux.unlinkAt(dirFd, "raw")).code, "not-found");
});

test("renames, refuses to replace, and exchanges", () => {
  writeFileSync(join(dir, "a"), "A");
  writeFileSync(join(dir, "b"), "B");
  const [a, b] = ["a", "b"].map((path) => ({ dirFd, path })) as [linux.Name, linux.Name];
  linux.renameAt2(a, b, "exchange");
  assert.is(readFileSync(join(dir, "a"), "utf8"), "B");
  const taken = refusal(() => linux.renameAt2(a, b, "noreplace"));
  assert.is(taken.code, "exists");
  linux.renameAt2(a, b);
  assert.is(readFileSync(join(dir, "b"), "utf8"), "B");
  linux.renameAt2(b, { dirFd, path: Buffer.from([0xf0]) }, "noreplace");
  assert.is(refusal(() => linux.renameAt2(a, b, "exchange")).code, "not-found");
});

test("names the rename mode a filesystem lacks", () => {
  linux.mkdirAt(dirFd, "up", 0o755);
  linux.mkdirAt(dirFd, "up/below", 0o755);
  // ext4 answers this impossible exchange as others answer a flag they do not know.
  const error = refusal(() => linux.renameAt2({ dirFd, path: "up" }, { dirFd, path: "up/below" }, "exchange"));
  assert.is(error.code, "unsupported");
  assert.match(error.message, /renameat2 exchange is not supported by this filesystem \(EINVAL\)$/);
});
