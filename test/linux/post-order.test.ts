import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { toText } from "../../src/bytes.ts";
import * as linux from "../../src/linux/index.ts";
import { unmet } from "../support/needs.ts";
import { suite } from "../support/suite.ts";
import { tempDir } from "../support/temp.ts";
import { refusal } from "./refusal.ts";

const test = suite("linux/post-order");

test("shows everything in bytewise order, a directory after what it holds", () => {
  const dir = tempDir();
  for (const path of ["b/c/d", "b/e", "a"]) mkdirSync(join(dir, path), { recursive: true });
  writeFileSync(join(dir, "b/c/z"), "");
  writeFileSync(Buffer.concat([Buffer.from(`${dir}/b/c/`), Buffer.from([0xff])]), "");
  symlinkSync("b", join(dir, "s"));
  const seen: string[] = [];
  linux.visitPostOrder(dir, ({ dirFd, name, path, isDirectory }) => {
    assert.is((linux.statAt(dirFd, Buffer.from(name, "latin1")).mode & linux.S_IFMT) === linux.S_IFDIR, isDirectory);
    assert.is(linux.statAt(dirFd, Buffer.from(name, "latin1")).ino, linux.statAt(linux.AT_FDCWD, path).ino);
    seen.push(`${path.toString("latin1").slice(dir.length)} ${toText(name)}`);
  });
  assert.equal(seen, ["/a a", "/b/c/d d", "/b/c/z z", "/b/c/\xff \\xff", "/b/c c", "/b/e e", "/b b", "/s s"]);
});

test("goes deeper than paths and open files allow", () => {
  const dir = tempDir();
  const depth = 3000;
  let fd = linux.open(dir, linux.O_PATH);
  for (let level = 0; level < depth; level++) {
    linux.mkdirAt(fd, "dd", 0o755);
    const next = linux.openAt(fd, "dd", linux.O_PATH);
    linux.close(fd);
    fd = next;
  }
  linux.close(fd);
  let count = 0;
  linux.visitPostOrder(dir, ({ dirFd, name }) => {
    linux.unlinkAt(dirFd, Buffer.from(name, "latin1"), { directory: true });
    count += 1;
  });
  assert.is(count, depth);
});

test("refuses a root that is a symlink or no directory", () => {
  const dir = tempDir();
  symlinkSync("/", join(dir, "sym"));
  const never = () => assert.unreachable();
  assert.is(refusal(() => linux.visitPostOrder(join(dir, "sym"), never)).errno, "ENOTDIR");
  assert.is(refusal(() => linux.visitPostOrder("/etc/passwd", never)).errno, "ENOTDIR");
});

test.skipUnless(unmet({ mounts: true }) === undefined, "needs root and a private mount namespace")(
  "refuses to enter a mount, even of the same filesystem",
  () => {
    const dir = tempDir();
    mkdirSync(join(dir, "tree/mounted"), { recursive: true });
    mkdirSync(join(dir, "precious/data"), { recursive: true });
    linux.mount({ source: join(dir, "precious"), target: join(dir, "tree/mounted"), flags: linux.MS_BIND });
    try {
      const error = refusal(() => linux.visitPostOrder(join(dir, "tree"), () => assert.unreachable()));
      assert.is(error.code, "conflict");
    } finally {
      linux.umount(join(dir, "tree/mounted"));
    }
  },
);
