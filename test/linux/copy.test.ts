import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import * as linux from "../../src/linux/index.ts";
import { unmet } from "../support/needs.ts";
import { suite } from "../support/suite.ts";
import { tempDir } from "../support/temp.ts";

const test = suite("linux/copy");
const mounting = test.skipUnless(unmet({ mounts: true }) === undefined, "needs root and a private mount namespace");
const dir = tempDir();
const NEW = linux.O_RDWR | linux.O_CREAT | linux.O_EXCL;

function copy(from: string, to: string): linux.Stat {
  const [fromFd, toFd] = [linux.open(from, linux.O_RDONLY), linux.open(to, NEW, 0o600)];
  linux.copyFile(fromFd, toFd);
  const stat = linux.fstat(toFd);
  linux.close(fromFd);
  linux.close(toFd);
  return stat;
}

/** 8 MiB with data at the start, in the middle and not at the end. */
function sparse(path: string): void {
  const fd = linux.open(path, NEW, 0o600);
  linux.pwrite(fd, Buffer.alloc(5000, "a"), 0);
  linux.pwrite(fd, Buffer.alloc(2_000_000, "b"), 3 * 2 ** 20);
  linux.ftruncate(fd, 8 * 2 ** 20);
  linux.close(fd);
}

for (const size of [0, 1, 4096, 3_000_001]) {
  test(`copies ${size} bytes`, () => {
    const content = Buffer.alloc(size, "some content ");
    writeFileSync(join(dir, `from-${size}`), content);
    copy(join(dir, `from-${size}`), join(dir, `to-${size}`));
    assert.ok(readFileSync(join(dir, `to-${size}`)).equals(content));
  });
}

test("keeps holes, at the end too", () => {
  sparse(join(dir, "sparse"));
  const { size, blocks } = copy(join(dir, "sparse"), join(dir, "sparse-copy"));
  assert.is(size, 8 * 2 ** 20);
  assert.ok(blocks * 512 < 3 * 2 ** 20);
  assert.ok(readFileSync(join(dir, "sparse")).equals(readFileSync(join(dir, "sparse-copy"))));
});

mounting("copies between filesystems through memory", () => {
  const target = join(dir, "other");
  mkdirSync(target);
  linux.mount({ source: "other", target, type: "tmpfs", data: "size=32m" });
  try {
    sparse(join(dir, "source"));
    const { blocks } = copy(join(dir, "source"), join(target, "f"));
    assert.ok(blocks * 512 < 3 * 2 ** 20);
    assert.ok(readFileSync(join(dir, "source")).equals(readFileSync(join(target, "f"))));
    const fds = [linux.open(join(dir, "source"), linux.O_RDONLY), linux.open(join(target, "f"), linux.O_RDWR)] as const;
    assert.is(linux.reflink(...fds), false);
    for (const fd of fds) linux.close(fd);
  } finally {
    linux.umount(target);
  }
});
