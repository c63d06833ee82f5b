import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import * as linux from "../../src/linux/index.ts";
import { unmet } from "../support/needs.ts";
import { suite } from "../support/suite.ts";
import { tempDir } from "../support/temp.ts";
import { refusal } from "./refusal.ts";

const test = suite("linux/files");
const dir = tempDir();
const { O_CREAT, O_EXCL, O_RDONLY, O_RDWR, O_WRONLY } = linux;

test("writes and reads back, at the file's position and elsewhere", () => {
  const path = join(dir, "rw");
  const fd = linux.open(path, O_RDWR | O_CREAT | O_EXCL, 0o640);
  linux.write(fd, Buffer.from("hello "));
  linux.write(fd, Buffer.from("xxworldxx").subarray(2, 7));
  linux.write(fd, new Uint8Array(0));
  linux.pwrite(fd, Buffer.from("J"), 0);
  const buffer = Buffer.alloc(20);
  assert.is(linux.read(fd, buffer), 0);
  assert.is(linux.pread(fd, buffer.subarray(3), 1), 10);
  assert.is(buffer.toString("latin1", 3, 13), "ello world");
  assert.is(linux.lseek(fd, 0, linux.SEEK_SET), 0);
  assert.is(linux.read(fd, buffer.subarray(0, 5)), 5);
  assert.is(linux.lseek(fd, 0, linux.SEEK_CUR), 5);
  assert.is(linux.lseek(fd, -1, linux.SEEK_END), 10);
  linux.close(fd);
  assert.is(readFileSync(path, "utf8"), "Jello world");
  assert.is(statSync(path).mode & 0o777, 0o640);
});

test("reads on after short reads until the buffer is full", () => {
  const child = spawnSync(
    "sh",
    ["-c", '(printf a; sleep 0.05; printf bc; sleep 0.05; printf d) | "$@"', "sh"].concat(reader()),
    {
      encoding: "utf8",
    },
  );
  assert.is(child.stdout, "3 abc\n", child.stderr);
});

/** A process that reads three bytes of its standard input through `read`. */
function reader(): string[] {
  const script = `
    import { read } from ${JSON.stringify(join(import.meta.dirname, "../../src/linux/index.ts"))};
    const buffer = Buffer.alloc(3);
    console.log(read(0, buffer), buffer.toString());`;
  return [process.execPath, "-e", script];
}

test("opens close-on-exec", () => {
  const fd = linux.open("/etc/passwd", O_RDONLY);
  assert.match(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"), /^flags:\t0?2\d{6}$/m);
  linux.close(fd);
});

test("reports what exists, is missing, or is a symlink", () => {
  writeFileSync(join(dir, "there"), "");
  symlinkSync("there", join(dir, "sym"));
  assert.is(refusal(() => linux.open(join(dir, "there"), O_WRONLY | O_CREAT | O_EXCL, 0o600)).code, "exists");
  assert.is(refusal(() => linux.open(join(dir, "gone"), O_RDONLY)).code, "not-found");
  const error = refusal(() => linux.open(join(dir, "sym"), O_RDONLY | linux.O_NOFOLLOW));
  assert.is(error.code, "invalid");
  assert.is(error.message, `opening ${dir}/sym: it is a symlink (ELOOP)`);
});

test("names the open file when writing fails", () => {
  const fd = linux.open(join(dir, "there"), O_RDONLY);
  assert.is(
    refusal(() => linux.write(fd, Buffer.from("x"))).message,
    `writing ${dir}/there: bad file descriptor (EBADF)`,
  );
  linux.close(fd);
});

test("knows where the data of a sparse file is, beyond 4 GiB", () => {
  const at = 5 * 2 ** 30;
  const fd = linux.open(join(dir, "sparse"), O_RDWR | O_CREAT, 0o600);
  linux.pwrite(fd, Buffer.from("data"), at);
  linux.ftruncate(fd, at + 2 ** 30);
  assert.equal(linux.nextData(fd, 0), { start: at, end: at + 4096 });
  assert.is(linux.nextData(fd, at + 4096), undefined);
  assert.is(linux.fstat(fd).size, at + 2 ** 30);
  const buffer = Buffer.alloc(4);
  linux.pread(fd, buffer, at);
  assert.is(buffer.toString(), "data");
  linux.close(fd);
});

test("reserves space", () => {
  const fd = linux.open(join(dir, "reserved"), O_RDWR | O_CREAT, 0o600);
  linux.fallocate(fd, 0, 100_000);
  const { size, blocks } = linux.fstat(fd);
  assert.is(size, 100_000);
  assert.ok(blocks * 512 >= 100_000);
  linux.close(fd);
});

test.skipUnless(unmet({ mounts: true }) === undefined, "needs root and a private mount namespace")(
  "reports a full filesystem",
  () => {
    const target = join(dir, "small");
    mkdirSync(target);
    linux.mount({ source: "small", target, type: "tmpfs", data: "size=64k" });
    try {
      const fd = linux.open(join(target, "f"), O_WRONLY | O_CREAT, 0o600);
      const error = refusal(() => linux.write(fd, Buffer.alloc(1024 * 1024)));
      linux.close(fd);
      assert.is(error.code, "no-space");
      assert.is(error.message, `writing ${target}/f: no space left on device (ENOSPC)`);
    } finally {
      linux.umount(target);
    }
  },
);
