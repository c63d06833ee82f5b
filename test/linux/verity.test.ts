import { mkdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import * as linux from "../../src/linux/index.ts";
import { run } from "../../src/spawn.ts";
import { verityOf } from "../../src/verity.ts";
import { unmet } from "../support/needs.ts";
import { suite } from "../support/suite.ts";
import { tempDir } from "../support/temp.ts";
import { refusal } from "./refusal.ts";

const test = suite("linux/verity", unmet({ mounts: true, programs: ["mkfs.ext4", "mount"] }));
const dir = tempDir();
const [image, target] = [join(dir, "image"), join(dir, "mnt")];

test("enables and measures, or says that the kernel or filesystem cannot", () => {
  const content = Buffer.alloc(10_000, "content");
  onExt4(["-O", "verity"], () => {
    writeFileSync(join(target, "file"), content);
    const fd = linux.open(join(target, "file"), linux.O_RDONLY);
    const error = enable(fd);
    if (error !== undefined) {
      assert.is(error.code, "unsupported");
      assert.match(error.message, /^enabling fs-verity on .*\/file: fs-verity is not supported by this filesystem \(E/);
      return linux.close(fd);
    }
    assert.is(linux.measureVerity(fd), verityOf(content));
    assert.is(refusal(() => linux.enableVerity(fd)).code, "exists");
    linux.close(fd);
    const writing = () => linux.open(join(target, "file"), linux.O_WRONLY);
    assert.is(refusal(writing).code, "permission");
  });
});

test("says that a filesystem without the feature cannot", () => {
  onExt4(["-O", "^verity"], () => {
    writeFileSync(join(target, "file"), "x");
    const fd = linux.open(join(target, "file"), linux.O_RDONLY);
    const expected = `${target}/file: fs-verity is not supported by this filesystem (EOPNOTSUPP)`;
    assert.is(refusal(() => linux.enableVerity(fd)).message, `enabling fs-verity on ${expected}`);
    assert.is(refusal(() => linux.measureVerity(fd)).message, `measuring fs-verity of ${expected}`);
    linux.close(fd);
  });
});

function enable(fd: number): linux.KernelError | undefined {
  try {
    linux.enableVerity(fd);
    return undefined;
  } catch (error) {
    if (linux.isKernelError(error)) return error;
    throw error;
  }
}

/** Runs `use` with a fresh ext4, made with the given options, on `target`. */
function onExt4(options: readonly string[], use: () => void): void {
  rmSync(image, { force: true });
  mkdirSync(target, { recursive: true });
  writeFileSync(image, "");
  truncateSync(image, 16 * 2 ** 20);
  run(["mkfs.ext4", "-q", ...options, image]);
  run(["mount", "-o", "loop", image, target]);
  try {
    use();
  } finally {
    linux.umount(target);
  }
}
