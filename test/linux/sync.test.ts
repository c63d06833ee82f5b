import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import * as linux from "../../src/linux/index.ts";
import { suite } from "../support/suite.ts";
import { tempDir } from "../support/temp.ts";
import { refusal } from "./refusal.ts";

const test = suite("linux/sync");
const path = join(tempDir(), "file");
writeFileSync(path, "x");

test("syncs files, directories and filesystems", () => {
  for (const name of [path, join(path, "..")]) {
    const fd = linux.open(name, linux.O_RDONLY);
    linux.fsync(fd);
    linux.fdatasync(fd);
    linux.syncfs(fd);
    linux.close(fd);
  }
});

test("starts writeback and gives advice", () => {
  const fd = linux.open(path, linux.O_RDWR);
  linux.startWriteback(fd, 0, 1);
  linux.posixFadvise(fd, "dontneed");
  linux.close(fd);
});

test("reports what cannot be synced", () => {
  const fd = linux.open("/dev/null", linux.O_RDONLY);
  assert.is(refusal(() => linux.fsync(fd)).message, "syncing /dev/null: invalid argument (EINVAL)");
  linux.close(fd);
});
