import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import * as assert from "uvu/assert";
import {
  CLEANUP,
  INSTALL_LEFTOVERS,
  SYSIMAGE,
  TOPLEVEL_DIRECTORIES,
  TOPLEVEL_LINKS,
} from "../../../src/deploy/compose/rules.ts";
import { normalizeTree } from "../../../src/deploy/compose/normalize-tree.ts";
import { isAtomicError } from "../../../src/errors.ts";
import { unmet } from "../../support/needs.ts";
import { suite } from "../../support/suite.ts";
import { tempDir } from "../../support/temp.ts";

const test = suite("deploy/compose/normalize-tree", unmet({ root: true }));
const TIME = 1_700_000_000;
const KERNEL = {
  "boot/vmlinuz-6.1.0": "kernel",
  "boot/initrd.img-6.1.0": "initramfs",
  "usr/lib/modules/6.1.0/modules.dep": "",
};

function tree(files: Record<string, string>): string {
  const root = join(tempDir(), "tree");
  for (const [name, content] of Object.entries({ "etc/machine-id": "", ...KERNEL, ...files })) {
    const path = join(root, name);
    mkdirSync(dirname(path), { recursive: true });
    if (content.startsWith("-> ")) symlinkSync(content.slice(3), path);
    else if (name.endsWith("/")) mkdirSync(path, { recursive: true });
    else writeFileSync(path, content);
  }
  return root;
}

const normalized = (files: Record<string, string>): string => {
  const root = tree(files);
  normalizeTree(root, TIME);
  return root;
};
const read = (root: string, path: string): string => readFileSync(join(root, path), "utf8");
const tmpfiles = (root: string): string[] => read(root, "usr/lib/tmpfiles.d/host-var.conf").split("\n").slice(1, -1);

test("moves the kernel and initramfs beside the modules and empties /boot", () => {
  const root = normalized({ "boot/config-6.1.0": "c", "boot/grub/grub.cfg": "x", vmlinuz: "-> boot/vmlinuz-6.1.0" });
  assert.is(read(root, "usr/lib/modules/6.1.0/vmlinuz"), "kernel");
  assert.is(read(root, "usr/lib/modules/6.1.0/initramfs.img"), "initramfs");
  assert.is(read(root, "usr/lib/modules/6.1.0/config"), "c");
  assert.not.ok(existsSync(join(root, "boot/grub")));
  assert.is(lstatSync(join(root, "vmlinuz"), { throwIfNoEntry: false }), undefined);
});

const refused: Record<string, Record<string, string>> = {
  "two kernels": { "usr/lib/modules/6.2.0/modules.dep": "" },
  "both /etc and /usr/etc": { "usr/etc/x": "" },
  "a home beside a filled /var/home": { "home/a/x": "1", "var/home/b": "2" },
  "a link where a directory must be": { run: "-> /tmp/elsewhere" },
  "a package database behind a link": { "var/lib": "-> /tmp/elsewhere" },
};
for (const [what, files] of Object.entries(refused)) {
  test(`refuses a tree with ${what}`, () => {
    assert.throws(
      () => normalized(files),
      (error: unknown) => isAtomicError(error, "invalid"),
    );
  });
}

for (const missing of ["boot/vmlinuz-6.1.0", "boot/initrd.img-6.1.0", "usr/lib/modules/6.1.0", "etc"]) {
  test(`refuses a tree without ${missing}`, () => {
    const root = tree({});
    execFileSync("rm", ["-r", join(root, missing)]);
    assert.throws(
      () => normalizeTree(root, TIME),
      (error: unknown) => isAtomicError(error, "invalid"),
    );
  });
}

test("moves /etc to /usr/etc, without identity of its own", () => {
  const root = normalized({
    "etc/passwd": "p",
    "etc/passwd-": "old",
    "etc/ssh/ssh_host_rsa_key": "secret",
    "etc/ssh/sshd_config": "c",
  });
  assert.is(read(root, "usr/etc/passwd"), "p");
  assert.is(read(root, "usr/etc/machine-id"), "uninitialized\n");
  assert.is(read(root, "usr/etc/ssh/sshd_config"), "c");
  assert.not.ok(existsSync(join(root, "usr/etc/passwd-")));
  assert.not.ok(existsSync(join(root, "usr/etc/ssh/ssh_host_rsa_key")));
  assert.not.ok(existsSync(join(root, "etc/passwd")));
});

test("turns /var into tmpfiles lines, with the content of files in the factory", () => {
  const root = tree({
    "var/lib/app/state": "s",
    "var/lib/app/empty": "",
    "var/lib/app/li nk%": "-> ../a b",
    "var/lib/dpkg/status": "Package: a\n",
    "var/lib/dpkg/status-old": "x",
    "var/log/dpkg.log": "x",
    "var/cache/app/x": "x",
    "root/.profile": "p",
    "usr/lib/tmpfiles.d/app.conf": "d /var/lib/app/ 0700 app app -\n",
  });
  chownSync(join(root, "var/lib/app/state"), 7, 8);
  chmodSync(join(root, "var/lib/app/state"), 0o4750);
  chmodSync(join(root, "root"), 0o700);
  normalizeTree(root, TIME);
  assert.equal(tmpfiles(root), [
    "d /var/cache 0755 0 0 -",
    "d /var/cache/app 0755 0 0 -",
    "d /var/home 0755 0 0 -",
    "d /var/lib 0755 0 0 -",
    "f /var/lib/app/empty 0644 0 0 -",
    "L /var/lib/app/li\\x20nk%% - - - - ../a\\x20b",
    "C /var/lib/app/state 4750 7 8 -",
    "L /var/lib/dpkg - - - - /usr/lib/sysimage/dpkg",
    "d /var/log 0755 0 0 -",
    "d /var/mnt 0755 0 0 -",
    "d /var/opt 0755 0 0 -",
    "d /var/roothome 0700 0 0 -",
    "C /var/roothome/.profile 0644 0 0 -",
    "d /var/srv 0755 0 0 -",
  ]);
  assert.is(read(root, "usr/share/factory/var/lib/app/state"), "s");
  assert.is(read(root, "usr/share/factory/var/roothome/.profile"), "p");
  assert.is(read(root, "usr/lib/sysimage/dpkg/status"), "Package: a\n");
  assert.not.ok(existsSync(join(root, "usr/lib/sysimage/dpkg/status-old")));
  assert.equal(execFileSync("ls", ["-A", join(root, "var")], { encoding: "utf8" }), "");
});

test("refuses a pipe in /var, which tmpfiles cannot copy", () => {
  const root = tree({ "var/lib/x": "" });
  execFileSync("mkfifo", [join(root, "var/lib/pipe")]);
  assert.throws(
    () => normalizeTree(root, TIME),
    (error: unknown) => isAtomicError(error, "invalid"),
  );
});

test("makes the toplevel links and mount points, whatever was there", () => {
  const root = normalized({ srv: "-> /elsewhere", "tmp/x": "x", "dev/null": "x" });
  for (const { path, target } of TOPLEVEL_LINKS) assert.is(readlinkSync(join(root, path)), target);
  for (const { path, mode } of TOPLEVEL_DIRECTORIES) assert.is(lstatSync(join(root, path)).mode & 0o7777, mode, path);
  assert.not.ok(existsSync(join(root, "tmp/x")));
  assert.not.ok(existsSync(join(root, "dev/null")));
});

test("leaves no time later than the timestamp, and earlier ones alone", () => {
  const root = tree({ "usr/lib/old": "x", "usr/lib/link": "-> old", "usr/lib/new": "x" });
  utimesSync(join(root, "usr/lib/old"), 5, 5);
  normalizeTree(root, TIME);
  assert.is(lstatSync(join(root, "usr/lib/old")).mtimeMs, 5000);
  for (const path of ["", "usr", "usr/lib/link", "usr/lib/new", "usr/lib/tmpfiles.d/host-var.conf"]) {
    assert.is(lstatSync(join(root, path)).mtimeMs, TIME * 1000, path);
  }
});

test("makes a directory as old as the newest thing in it, and gives an empty one no time", () => {
  const root = tree({ "usr/lib/app/old": "x", "usr/lib/app/older": "x" });
  utimesSync(join(root, "usr/lib/app/old"), 5, 5);
  utimesSync(join(root, "usr/lib/app/older"), 4, 4);
  normalizeTree(root, TIME);
  assert.is(lstatSync(join(root, "usr/lib/app")).mtimeMs, 5000);
  assert.is(lstatSync(join(root, "var")).mtimeMs, 0);
});

test("keeps names that are not UTF-8", () => {
  const root = tree({ "var/lib/app/": "" });
  const name = Buffer.concat([Buffer.from(join(root, "var/lib/app/")), Buffer.from([0xff, 0x20])]);
  writeFileSync(name, "x");
  normalizeTree(root, TIME);
  assert.ok(tmpfiles(root).includes("C /var/lib/app/\\xff\\x20 0644 0 0 -"));
  const moved = Buffer.concat([Buffer.from(join(root, "usr/share/factory/var/lib/app/")), Buffer.from([0xff, 0x20])]);
  assert.is(readFileSync(moved, "utf8"), "x");
});

test("never follows a link out of the tree", () => {
  const outside = tempDir();
  writeFileSync(join(outside, "keep"), "x");
  mkdirSync(join(outside, "ssh"));
  writeFileSync(join(outside, "ssh/ssh_host_key"), "x");
  const root = tree({ "usr/lib/x": "" });
  symlinkSync(outside, join(root, "var"));
  assert.throws(
    () => normalizeTree(root, TIME),
    (error: unknown) => isAtomicError(error, "invalid"),
  );
  const other = tree({ "etc/ssh": `-> ${join(outside, "ssh")}` });
  normalizeTree(other, TIME);
  assert.ok(existsSync(join(outside, "keep")));
  assert.ok(existsSync(join(outside, "ssh/ssh_host_key")));
});

test("every rule says why, and its path is relative", () => {
  for (const { path, why } of [
    ...INSTALL_LEFTOVERS,
    ...CLEANUP,
    ...SYSIMAGE,
    ...TOPLEVEL_LINKS,
    ...TOPLEVEL_DIRECTORIES,
  ]) {
    assert.ok(why.length > 3, path);
    assert.not.match(path, /^\/|\.\.\/|\/$/);
  }
});
