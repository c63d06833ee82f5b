import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import * as assert from "uvu/assert";
import { fromBytes, fromText, toBytes } from "../src/bytes.ts";
import type { Durable } from "../src/durable.ts";
import type { DurableOptions, Operation } from "../src/durable-step.ts";
import { createDurable } from "../src/durable.ts";
import { Stopped } from "../src/durable-step.ts";
import * as linux from "../src/linux/index.ts";
import { refusal } from "./linux/refusal.ts";
import { listing } from "./support/listing.ts";
import { unmet } from "./support/needs.ts";
import { replay } from "./support/replay.ts";
import { suite } from "./support/suite.ts";
import { tempDir } from "./support/temp.ts";

const test = suite("durable", unmet({ root: true }));
const mounting = test.skipUnless(unmet({ mounts: true }) === undefined, "needs a private mount namespace");
const { AT_FDCWD } = linux;
const RAW = Buffer.from([0x72, 0xff, 0xfe, 0x0a]);
const NOTE = fromText("trusted.note");

const mode = (path: linux.PathArg): number => linux.statAt(AT_FDCWD, path).mode & 0o7777;
const below = (dir: string, name: string | Buffer): Buffer =>
  Buffer.concat([Buffer.from(`${dir}/`), Buffer.from(name)]);

function writeNew(disk: Durable, path: linux.PathArg, content: string, fileMode = 0o644): void {
  const file = disk.create(path, fileMode);
  try {
    file.write(Buffer.from(content));
    file.sync();
  } finally {
    file.close();
  }
}

/** One of everything, as an update would do it. */
function update(disk: Durable, dir: string): void {
  disk.ensureDirectory(`${dir}/store/tmp`, 0o755);
  writeNew(disk, `${dir}/store/tmp/1`, "object");
  disk.setMetadata(`${dir}/store/tmp/1`, {
    uid: 5,
    gid: 6,
    mode: 0o4711,
    xattrs: [{ name: NOTE, value: fromText("x") }],
    mtime: 7,
    mtimeNsec: 8,
  });
  disk.setMetadata(`${dir}/store/tmp/1`, { xattrs: [] });
  disk.barrier(`${dir}/store`);
  disk.renameNoReplace(`${dir}/store/tmp/1`, below(dir, RAW));
  disk.link(below(dir, RAW), `${dir}/store/linked`);
  disk.symlink(RAW, `${dir}/store/symlink`);
  disk.mknod(`${dir}/store/fifo`, linux.S_IFIFO | 0o666, 0);
  const fd = linux.open(below(dir, RAW), linux.O_RDONLY);
  try {
    disk.copy(fd, `${dir}/store/copy`, 0o600);
  } finally {
    linux.close(fd);
  }
  disk.replaceFile(`${dir}/config`, Buffer.from("new"), 0o640);
  disk.mkdir(`${dir}/next`, 0o755);
  disk.exchange(`${dir}/store`, `${dir}/next`);
  disk.unlink(`${dir}/next/fifo`);
  disk.removeTree(`${dir}/next`);
  disk.rename(`${dir}/store`, `${dir}/again`);
  disk.fsyncDirectory(dir);
}

/** Runs `update` in a new directory that has a `config`, with the operations it made. */
function runUpdate(options: DurableOptions): { dir: string; done: Operation[]; error: unknown; disk: Durable } {
  const dir = tempDir();
  writeFileSync(join(dir, "config"), "old");
  const done: Operation[] = [];
  const disk = createDurable({ ...options, record: (operation) => done.push(operation) });
  try {
    update(disk, dir);
    return { dir, done, error: undefined, disk };
  } catch (error) {
    return { dir, done, error, disk };
  }
}

function replayed(done: readonly Operation[], dir: string): string[] {
  const copy = tempDir();
  writeFileSync(join(copy, "config"), "old");
  replay(done, dir, copy);
  return listing(copy, { times: false });
}

test("makes the operations in order and records each", () => {
  const { dir, done, error } = runUpdate({});
  assert.is(error, undefined);
  const kinds = done.map(({ kind }) => kind).join(" ");
  assert.is(
    kinds,
    "mkdir mkdir create write fsync chown chmod setxattr utimens removexattr barrier rename-noreplace link symlink mknod " +
      "copy create write fsync rename fsync-directory mkdir exchange unlink unlink unlink unlink rmdir rmdir rename " +
      "fsync-directory",
  );
  assert.equal(
    readdirSync(dir, { encoding: "buffer" }).map(fromBytes).sort(),
    ["again", "config", fromBytes(RAW)].sort(),
  );
  assert.equal(replayed(done, dir), listing(dir, { times: false }));
});

test("stops before every operation, with exactly the earlier ones done", () => {
  const whole = runUpdate({}).done.map(({ kind }) => kind);
  for (let stopAt = 1; stopAt <= whole.length; stopAt++) {
    const { dir, done, error, disk } = runUpdate({ stopAt });
    assert.instance(error, Stopped);
    assert.is((error as Stopped).message, `stopped before operation ${stopAt}: ${whole[stopAt - 1]}`);
    assert.equal(
      done.map(({ kind }) => kind),
      whole.slice(0, stopAt - 1),
    );
    assert.equal(replayed(done, dir), listing(dir, { times: false }));
    assert.ok(["old", "new"].includes(readFileSync(join(dir, "config"), "utf8")));
    assert.throws(
      () => disk.mkdir(`${dir}/late`, 0o755),
      (late: unknown) => late instanceof Stopped,
    );
  }
  assert.is(runUpdate({ stopAt: whole.length + 1 }).error, undefined);
});

test("fails at every operation with the errno asked for, cleans up, and works on", () => {
  const count = runUpdate({}).done.length;
  for (let operation = 1; operation <= count; operation++) {
    const { dir, error, disk } = runUpdate({ failAt: { operation, errno: "ENOSPC" } });
    assert.ok(linux.isKernelError(error, "ENOSPC"));
    assert.is(error.code, "no-space");
    assert.equal(
      readdirSync(dir).filter((name) => name.endsWith(".tmp")),
      [],
    );
    disk.mkdir(`${dir}/late`, 0o755);
  }
});

test("replays any sequence to the same tree", () => {
  const name = fc.constantFrom<string | Buffer>("a", "b", "a/b", "b/a", RAW, below("a", RAW), "a/b/c");
  const bits = fc.constantFrom(0o755, 0o600, 0o6777, 0o1777);
  const metadata = fc.record(
    {
      mode: bits,
      uid: fc.nat(99),
      gid: fc.nat(99),
      mtime: fc.integer({ min: -9, max: 9 }),
      xattrs: fc.subarray([
        { name: NOTE, value: fromBytes(RAW) },
        { name: fromText("trusted.other"), value: fromText("") },
      ]),
    },
    { requiredKeys: [] },
  );
  const action = fc.oneof(
    fc.tuple(fc.constantFrom("mkdir", "ensureDirectory"), name, bits),
    fc.tuple(fc.constant("write"), name, bits),
    fc.tuple(fc.constantFrom("rename", "renameNoReplace", "exchange", "link", "copy"), name, name),
    fc.tuple(fc.constantFrom("unlink", "rmdir", "removeTree", "replaceFile", "symlink", "mknod"), name, fc.constant(0)),
    fc.tuple(fc.constant("setMetadata"), name, metadata),
  );
  fc.assert(
    fc.property(fc.array(action, { minLength: 1, maxLength: 12 }), (actions) => {
      const dir = tempDir();
      const done: Operation[] = [];
      const disk = createDurable({ record: (operation) => done.push(operation) });
      for (const [verb, first, second] of actions) {
        try {
          perform(disk, dir, [verb, first, second] as Action);
        } catch (error) {
          if (!linux.isKernelError(error)) throw error;
        }
      }
      const copy = tempDir();
      replay(done, dir, copy);
      assert.equal(listing(copy, { times: false }), listing(dir, { times: false }));
    }),
    { numRuns: 150 },
  );
});

type Action = [string, string | Buffer, never];
function perform(disk: Durable, dir: string, [verb, first, second]: Action): void {
  const path = below(dir, first);
  const calls: Record<string, () => void> = {
    mkdir: () => disk.mkdir(path, second),
    ensureDirectory: () => disk.ensureDirectory(path, second),
    write: () => writeNew(disk, path, "some content", second),
    rename: () => disk.rename(path, below(dir, second)),
    renameNoReplace: () => disk.renameNoReplace(path, below(dir, second)),
    exchange: () => disk.exchange(path, below(dir, second)),
    link: () => disk.link(path, below(dir, second)),
    copy: () => copyTo(disk, path, below(dir, second)),
    unlink: () => disk.unlink(path),
    rmdir: () => disk.rmdir(path),
    removeTree: () => disk.removeTree(path),
    replaceFile: () => disk.replaceFile(path, RAW, 0o600),
    symlink: () => disk.symlink(RAW, path),
    mknod: () => disk.mknod(path, linux.S_IFCHR | 0o644, linux.encodeDevice(1, 3)),
    setMetadata: () => disk.setMetadata(path, second),
  };
  calls[verb]!();
}

function copyTo(disk: Durable, from: linux.PathArg, to: linux.PathArg): void {
  const fd = linux.open(from, linux.O_RDONLY | linux.O_NOFOLLOW | linux.O_NONBLOCK);
  try {
    if ((linux.fstat(fd).mode & linux.S_IFMT) === linux.S_IFREG) disk.copy(fd, to, 0o640);
  } finally {
    linux.close(fd);
  }
}

test("gives exact modes whatever the umask", () => {
  const dir = tempDir();
  const before = process.umask(0o077);
  try {
    const disk = createDurable();
    disk.mkdir(`${dir}/d`, 0o7777);
    disk.ensureDirectory(`${dir}/e/f`, 0o775);
    writeNew(disk, `${dir}/file`, "", 0o4755);
    disk.mknod(`${dir}/fifo`, linux.S_IFIFO | 0o666, 0);
    disk.replaceFile(`${dir}/r`, RAW, 0o644);
    assert.equal(
      ["d", "e", "e/f", "file", "fifo", "r"].map((name) => mode(`${dir}/${name}`)),
      [0o7777, 0o775, 0o775, 0o4755, 0o666, 0o644],
    );
  } finally {
    process.umask(before);
  }
});

test("makes missing parents and accepts only directories as existing", () => {
  const dir = tempDir();
  const disk = createDurable();
  disk.ensureDirectory(below(dir, Buffer.concat([RAW, Buffer.from("/x/y")])), 0o700);
  disk.ensureDirectory(below(dir, Buffer.concat([RAW, Buffer.from("/x")])), 0o755);
  assert.is(mode(below(dir, Buffer.concat([RAW, Buffer.from("/x")]))), 0o700);
  symlinkSync("/", join(dir, "sym"));
  writeFileSync(join(dir, "file"), "");
  assert.is(refusal(() => disk.ensureDirectory(`${dir}/sym`, 0o755)).code, "exists");
  assert.is(refusal(() => disk.ensureDirectory(`${dir}/file`, 0o755)).code, "exists");
  assert.is(refusal(() => disk.ensureDirectory(`${dir}/file/a/b`, 0o755)).errno, "ENOTDIR");
});

test("never follows a symlink in the last component", () => {
  const dir = tempDir();
  writeFileSync(join(dir, "victim"), "safe");
  mkdirSync(join(dir, "victims"));
  writeFileSync(join(dir, "victims/file"), "");
  symlinkSync("victim", join(dir, "sym"));
  symlinkSync("victims", join(dir, "syms"));
  const disk = createDurable();
  assert.is(refusal(() => disk.create(`${dir}/sym`, 0o600)).code, "exists");
  for (const sync of [disk.fsync, disk.fsyncDirectory, disk.barrier, disk.enableVerity])
    assert.ok(
      linux.isKernelError(
        refusal(() => sync(`${dir}/sym`)),
        "ELOOP",
        "ENOTDIR",
      ),
    );
  disk.setMetadata(`${dir}/sym`, {
    mode: 0o777,
    uid: 9,
    mtime: 5,
    xattrs: [{ name: NOTE, value: fromText("of the symlink") }],
  });
  assert.is(linux.getXattr(`${dir}/sym`, NOTE), fromText("of the symlink"));
  assert.is(linux.statAt(AT_FDCWD, `${dir}/sym`).uid, 9);
  const { uid, mode: victimMode } = linux.statAt(AT_FDCWD, `${dir}/victim`);
  assert.equal([uid, victimMode & 0o777, linux.listXattrs(`${dir}/victim`)], [0, 0o644, []]);
  disk.replaceFile(`${dir}/sym`, Buffer.from("replaced"), 0o600);
  assert.is(readFileSync(join(dir, "victim"), "utf8"), "safe");
  disk.removeTree(`${dir}/syms`);
  assert.equal(readdirSync(join(dir, "victims")), ["file"]);
});

test("sets metadata so that the later steps do not undo the earlier", () => {
  const path = `${tempDir()}/file`;
  const disk = createDurable();
  writeNew(disk, path, "x");
  const capability = {
    name: fromText("security.capability"),
    value: fromBytes(Buffer.from("0100000200040000000000000000000000000000", "hex")),
  };
  disk.setMetadata(path, { uid: 1, gid: 2, mode: 0o6755, mtime: -1, mtimeNsec: 5, xattrs: [capability] });
  const stat = linux.statAt(AT_FDCWD, path);
  assert.equal([stat.uid, stat.gid, stat.mode & 0o7777, stat.mtime, stat.mtimeNsec], [1, 2, 0o6755, -1, 5]);
  assert.equal(linux.listXattrs(path), [capability]);
});

test("replaces the whole set of xattrs, and touches none when not asked", () => {
  const path = `${tempDir()}/file`;
  const done: string[] = [];
  const disk = createDurable({ record: ({ kind }) => done.push(kind) });
  writeNew(disk, path, "");
  const [a, b, c] = ["a", "b", "c"].map((name) => ({ name: fromText(`trusted.${name}`), value: fromText(name) }));
  disk.setMetadata(path, { xattrs: [a!, b!] });
  disk.setMetadata(path, { mode: 0o600 });
  done.length = 0;
  disk.setMetadata(path, { xattrs: [b!, c!] });
  assert.equal(done, ["setxattr", "removexattr"]);
  disk.setMetadata(path, { xattrs: [{ ...b!, value: fromText("new") }, c!] });
  assert.equal(linux.listXattrs(path), [{ ...b!, value: fromText("new") }, c!]);
});

test("removes a tree of any names and modes, and accepts a missing one", () => {
  const dir = tempDir();
  const disk = createDurable();
  const tree = below(dir, RAW);
  disk.ensureDirectory(Buffer.concat([tree, Buffer.from("/x/y")]), 0o000);
  writeNew(disk, Buffer.concat([tree, Buffer.from("/x/"), RAW]), "");
  disk.mknod(Buffer.concat([tree, Buffer.from("/null")]), linux.S_IFCHR, 0);
  disk.removeTree(tree);
  disk.removeTree(tree);
  assert.equal(readdirSync(dir), []);
  writeNew(disk, tree, "");
  disk.removeTree(tree);
  assert.equal(readdirSync(dir), []);
});

test("records bytes as they were when written", () => {
  const done: Operation[] = [];
  const disk = createDurable({ record: (operation) => done.push(operation) });
  const file = disk.create(`${tempDir()}/file`, 0o600);
  const buffer = Buffer.from("one");
  file.write(buffer);
  buffer.write("two");
  file.write(buffer);
  file.close();
  const written = done.flatMap((operation) =>
    operation.kind === "write" ? [[operation.offset, Buffer.from(operation.data).toString()]] : [],
  );
  assert.equal(written, [
    [0, "one"],
    [3, "two"],
  ]);
});

test("says when fs-verity is lacking", () => {
  const path = `${tempDir()}/file`;
  const disk = createDurable();
  writeNew(disk, path, "x");
  try {
    disk.enableVerity(path);
    disk.enableVerity(path);
  } catch (error) {
    assert.ok(linux.isKernelError(error));
    assert.is(error.code, "unsupported");
    assert.match(error.message, /fs-verity is not supported by this filesystem/);
  }
});

test("replaces a file of the longest name", () => {
  const path = below(tempDir(), Buffer.alloc(255, "ü"));
  const disk = createDurable();
  disk.replaceFile(path, RAW, 0o600);
  disk.replaceFile(path, toBytes(fromText("again")), 0o600);
  assert.is(readFileSync(path, "utf8"), "again");
});

mounting("leaves a full filesystem as it was", () => {
  const target = tempDir();
  const source = join(tempDir(), "large");
  writeFileSync(source, Buffer.alloc(1024 * 1024));
  linux.mount({ source: "small", target, type: "tmpfs", data: "size=64k" });
  const fd = linux.open(source, linux.O_RDONLY);
  try {
    const disk = createDurable();
    disk.replaceFile(`${target}/config`, Buffer.from("old"), 0o600);
    const large = Buffer.alloc(1024 * 1024);
    assert.is(refusal(() => disk.replaceFile(`${target}/config`, large, 0o600)).code, "no-space");
    assert.is(refusal(() => disk.copy(fd, `${target}/copy`, 0o600)).code, "no-space");
    assert.equal(readdirSync(target), ["config"]);
    assert.is(readFileSync(join(target, "config"), "utf8"), "old");
  } finally {
    linux.close(fd);
    linux.umount(target);
  }
});

test("skipping leaves a hole that reads as zeros, also at the end", () => {
  const path = join(tempDir(), "sparse");
  const file = createDurable().create(path, 0o644);
  file.write(Buffer.from("head"));
  file.skip(1 << 20);
  file.write(Buffer.from("middle"));
  file.skip(1 << 20);
  file.close();
  const expected = Buffer.concat([
    Buffer.from("head"),
    Buffer.alloc(1 << 20),
    Buffer.from("middle"),
    Buffer.alloc(1 << 20),
  ]);
  assert.ok(readFileSync(path).equals(expected));
  assert.ok(statSync(path).blocks * 512 < 1 << 20);
});

test("is observed only when it records, stops or fails", () => {
  assert.is(createDurable().observed, false);
  assert.is(createDurable({ record: () => undefined }).observed, true);
  assert.is(createDurable({ stopAt: 1 }).observed, true);
  assert.is(createDurable({ failAt: { operation: 1, errno: "EIO" } }).observed, true);
});

test("writes on after the bytes that are to stay, and only to a file that is there", () => {
  const [from, to] = [tempDir(), tempDir()];
  const path = join(from, "file");
  const operations: Operation[] = [];
  const disk = createDurable({ record: (operation) => operations.push(operation) });
  writeNew(disk, path, "kept, and lost");
  const file = disk.append(path, 4);
  file.write(Buffer.from("!"));
  file.close();
  assert.is(readFileSync(path, "utf8"), "kept!");
  disk.setMetadata(path, { mtime: 1_700_000_000 }); // replayed as well: both sides were written at times of their own
  replay(operations, from, to);
  assert.equal(listing(to), listing(from));
  assert.is(refusal(() => disk.append(join(from, "missing"), 0)).code, "not-found");
});
