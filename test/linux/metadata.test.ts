import { lstatSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import * as linux from "../../src/linux/index.ts";
import { unmet } from "../support/needs.ts";
import { suite } from "../support/suite.ts";
import { tempDir } from "../support/temp.ts";
import { refusal } from "./refusal.ts";

const test = suite("linux/metadata");
const asRoot = test.skipUnless(process.getuid?.() === 0, unmet({ root: true }) ?? "");
const dir = tempDir();
const { AT_FDCWD } = linux;
const file = join(dir, "file");
const sym = join(dir, "sym");
writeFileSync(file, "");
symlinkSync("file", sym);

test("sets times to the nanosecond, of a symlink too, leaving the access time", () => {
  const { atimeMs } = lstatSync(file);
  const times = { [file]: [-2, 999_999_999], [sym]: [2 ** 33, 1], [dir]: [0, 0] } as const;
  for (const [path, [mtime, mtimeNsec]] of Object.entries(times)) linux.utimensAt(AT_FDCWD, path, { mtime, mtimeNsec });
  for (const [path, expected] of Object.entries(times)) {
    const { mtime, mtimeNsec } = linux.statAt(AT_FDCWD, path);
    assert.equal([mtime, mtimeNsec], expected);
  }
  assert.is(lstatSync(file).atimeMs, atimeMs);
});

asRoot("changes owner and group, one or both, of the symlink itself", () => {
  linux.chownAt(AT_FDCWD, sym, { uid: 1000, gid: 4_000_000_000 });
  linux.chownAt(AT_FDCWD, sym, { uid: 7 });
  const { uid, gid } = linux.statAt(AT_FDCWD, sym);
  assert.equal([uid, gid, linux.statAt(AT_FDCWD, file).uid], [7, 4_000_000_000, 0]);
});

asRoot("works on O_PATH descriptors, symlinks included", () => {
  for (const path of [file, sym]) {
    const fd = linux.open(path, linux.O_PATH | linux.O_NOFOLLOW);
    linux.chownAt(fd, "", { uid: 3, gid: 4 });
    linux.utimensAt(fd, "", { mtime: 5, mtimeNsec: 6 });
    const { uid, gid, mtime, mtimeNsec } = linux.statAt(AT_FDCWD, path);
    assert.equal([uid, gid, mtime, mtimeNsec], [3, 4, 5, 6]);
    linux.close(fd);
  }
});

test("sets every permission bit, but none of a symlink", () => {
  const fd = linux.open(file, linux.O_PATH);
  linux.fchmod(fd, 0o6751);
  assert.is(linux.statAt(AT_FDCWD, file).mode & 0o7777, 0o6751);
  linux.close(fd);
  const symlink = linux.open(sym, linux.O_PATH | linux.O_NOFOLLOW);
  const error = refusal(() => linux.fchmod(symlink, 0o777));
  assert.is(error.code, "unsupported");
  linux.close(symlink);
});

asRoot("makes nodes of every kind", () => {
  const nodes = {
    fifo: { mode: linux.S_IFIFO | 0o600, rdev: 0 },
    socket: { mode: linux.S_IFSOCK | 0o600, rdev: 0 },
    null: { mode: linux.S_IFCHR | 0o600, rdev: linux.encodeDevice(1, 3) },
    far: { mode: linux.S_IFBLK | 0o600, rdev: linux.encodeDevice(0xabc, 0x12345) },
  };
  for (const [name, node] of Object.entries(nodes)) {
    linux.mknodAt(AT_FDCWD, join(dir, name), node);
    const { mode, rdev } = linux.statAt(AT_FDCWD, join(dir, name));
    assert.equal({ mode, rdev }, node);
  }
  assert.is(refusal(() => linux.mknodAt(AT_FDCWD, join(dir, "fifo"), nodes.fifo)).code, "exists");
});
