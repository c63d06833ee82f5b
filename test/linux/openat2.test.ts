import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import * as linux from "../../src/linux/index.ts";
import { unmet } from "../support/needs.ts";
import { suite } from "../support/suite.ts";
import { tempDir } from "../support/temp.ts";
import { refusal } from "./refusal.ts";

const test = suite("linux/openat2");
const dir = tempDir();
mkdirSync(join(dir, "root/sub"), { recursive: true });
writeFileSync(join(dir, "root/file"), "inside");
writeFileSync(join(dir, "file"), "outside");
symlinkSync("file", join(dir, "root/link"));
symlinkSync("/file", join(dir, "root/absolute"));
symlinkSync("../../../../../../file", join(dir, "root/sub/up"));
const root = linux.open(join(dir, "root"), linux.O_PATH);
test.after(() => linux.close(root));

const { RESOLVE_BENEATH, RESOLVE_IN_ROOT, RESOLVE_NO_SYMLINKS, RESOLVE_NO_XDEV } = linux;

function content(path: string, resolve: number): string {
  const fd = linux.openAt2(root, path, { flags: linux.O_RDONLY, resolve });
  const buffer = Buffer.alloc(100);
  const length = linux.read(fd, buffer);
  linux.close(fd);
  return buffer.toString("utf8", 0, length);
}

test("opens what stays beneath", () => {
  assert.is(content("file", RESOLVE_BENEATH), "inside");
  assert.is(content("sub/../link", RESOLVE_BENEATH), "inside");
});

for (const path of ["../file", "/etc/passwd", "absolute", "sub/up", "sub/../../file"]) {
  test(`rejects ${path} under RESOLVE_BENEATH`, () => {
    const error = refusal(() => content(path, RESOLVE_BENEATH));
    assert.is(error.code, "invalid");
    assert.is(error.errno, "EXDEV");
  });
}

for (const path of ["../file", "/file", "absolute", "sub/up", "link"]) {
  test(`keeps ${path} inside under RESOLVE_IN_ROOT`, () => {
    assert.is(content(path, RESOLVE_IN_ROOT), "inside");
  });
}

test("rejects symlinks under RESOLVE_NO_SYMLINKS, in the middle too", () => {
  symlinkSync("sub", join(dir, "root/through"));
  for (const path of ["link", "through/up"]) {
    const error = refusal(() => content(path, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS));
    assert.is(error.code, "invalid");
    assert.match(error.message, /: it passes through a symlink \(ELOOP\)$/);
  }
});

test("makes a file with its mode", () => {
  const how = { flags: linux.O_WRONLY | linux.O_CREAT | linux.O_EXCL, mode: 0o640, resolve: RESOLVE_BENEATH };
  linux.close(linux.openAt2(root, Buffer.from([0xff]), how));
  assert.is(linux.statAt(root, Buffer.from([0xff])).mode, linux.S_IFREG | 0o640);
});

test.skipUnless(unmet({ mounts: true }) === undefined, "needs root and a private mount namespace")(
  "rejects a bind mount under RESOLVE_NO_XDEV",
  () => {
    const target = join(dir, "root/sub");
    linux.mount({ source: dir, target, flags: linux.MS_BIND });
    try {
      assert.is(content("sub/file", RESOLVE_BENEATH), "outside");
      const error = refusal(() => content("sub/file", RESOLVE_NO_XDEV));
      assert.is(error.code, "conflict");
      assert.is(
        error.message,
        `opening ${dir}/root/sub/file: it leads outside the directory or onto another mount (EXDEV)`,
      );
    } finally {
      linux.umount(target);
    }
  },
);
