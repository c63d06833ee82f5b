import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import * as linux from "../../src/linux/index.ts";
import { unmet } from "../support/needs.ts";
import { suite } from "../support/suite.ts";
import { tempDir } from "../support/temp.ts";
import { refusal } from "./refusal.ts";

const test = suite("linux/mount", unmet({ mounts: true }));
const dir = tempDir();
const [target, lower] = [join(dir, "target ö"), join(dir, "lower")];
mkdirSync(target);
mkdirSync(lower);
writeFileSync(join(lower, "file"), "below");

test("mounts, remounts read-only and unmounts", () => {
  linux.mount({ source: "x", target, type: "tmpfs", flags: linux.MS_NOSUID | linux.MS_NODEV, data: "size=1m" });
  writeFileSync(join(target, "f"), "");
  assert.is(linux.statfs(target).readOnly, false);
  linux.mount({ target, flags: linux.MS_REMOUNT | linux.MS_RDONLY });
  assert.is(linux.statfs(target).readOnly, true);
  const open = () => linux.open(join(target, "g"), linux.O_WRONLY | linux.O_CREAT, 0o600);
  assert.is(refusal(open).code, "read-only");
  linux.umount(target);
  assert.is(refusal(() => linux.umount(target)).errno, "EINVAL");
});

test("binds a directory", () => {
  linux.mount({ source: lower, target, flags: linux.MS_BIND });
  assert.is(readFileSync(join(target, "file"), "utf8"), "below");
  const fd = linux.open(target, linux.O_RDONLY);
  assert.is(refusal(() => linux.umount(target)).code, "conflict");
  linux.umount(target, linux.MNT_DETACH | linux.UMOUNT_NOFOLLOW);
  linux.close(fd);
});

test("says which filesystem type the kernel lacks", () => {
  const error = refusal(() => linux.mount({ source: "x", target, type: "nosuchfs" }));
  assert.is(error.code, "unsupported");
  assert.is(
    error.message,
    `mounting nosuchfs on ${target}: mounting nosuchfs is not supported by this kernel (ENODEV)`,
  );
});

test("says where a mount failed", () => {
  const error = refusal(() => linux.mount({ source: "/no/such", target: "/no/such", flags: linux.MS_BIND }));
  assert.is(error.message, "mounting /no/such: no such file or directory (ENOENT)");
});
