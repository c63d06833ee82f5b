import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import * as assert from "uvu/assert";
import { cli, cliJson } from "../../support/cli.ts";
import { unmet } from "../../support/needs.ts";
import { suite } from "../../support/suite.ts";
import { tempDir } from "../../support/temp.ts";

const PROGRAMS = ["sfdisk", "mkfs.vfat", "mcopy", "mke2fs", "wipefs"];
const BOOTLOADER = "/usr/lib/systemd/boot/efi/systemd-bootx64.efi";
const test = suite("commands/host/install", unmet({ root: true, programs: PROGRAMS, files: [BOOTLOADER] }));
const DEMO = resolve(import.meta.dirname, "../../../images/demo/v1.yaml");
const dir = tempDir();
const store = join(dir, "store");
const target = join(dir, "host.raw");
const argv = ["host", "install", "--bootloader", "systemd-boot", "--ref", "demo/host/x86_64", "--from", store];
const small = ["--size", "200M", "--esp-size", "64M"];

test.before(() => {
  mkdirSync(store);
  assert.is(cli(["repo", "init", "--repo", store]).status, 0);
  assert.is(cli(["compose", DEMO, "--repo", store, "--scratch", dir]).status, 0);
});

test("installs the demo host to a file, and says what the kernel is told", () => {
  const { status, stdout, stderr } = cli([...argv, "--to-disk", target, ...small, "--karg", "panic=30"]);
  assert.is(stderr, "");
  assert.is(status, 0);
  const shown = new RegExp(
    `^installed 1.0 \\([0-9a-f]{12}\\) to ${target}\nkernel arguments: ro quiet root=UUID=[0-9a-f-]{36} panic=30\n$`,
  );
  assert.match(stdout, shown);
  assert.is(statSync(target).size, 200 * 1024 ** 2);
});

test("a second time asks for --yes", () => {
  const { status, stderr } = cli([...argv, "--to-disk", target, ...small]);
  assert.is(status, 1);
  assert.match(stderr, `installing to ${target}: it exists, and nobody agreed to overwrite it`);
  assert.match(stderr, "add --yes");
  const { json } = cliJson([...argv, "--to-disk", target, ...small, "--yes"]);
  assert.is((json as { target: string }).target, target);
});

for (const [what, flags, message] of [
  ["no place", [], /to-disk/],
  ["two places", ["--to-disk", "a", "--to-filesystem", "b"], /to-disk/],
  ["a size that is none", ["--to-disk", "a", "--size", "big"], /reading size "big"/],
] as const) {
  test(`${what} is wrong usage`, () => {
    const { status, stderr } = cli([...argv, ...flags]);
    assert.is(status, 2, stderr);
    assert.match(stderr, message);
  });
}

test("says which keys it could not read", () => {
  const missing = join(dir, "missing");
  const { status, stderr } = cli([...argv, "--to-disk", join(dir, "x"), "--root-ssh-key", missing]);
  assert.is(status, 1);
  assert.match(stderr, `reading the ssh keys in ${missing}`);
  writeFileSync(missing, "");
  assert.not.ok(existsSync(join(dir, "x")));
});

test("on a machine that is no host it asks for a store", () => {
  const own = argv.slice(0, -2);
  const { status, stderr } = cli([...own, "--to-disk", join(dir, "x"), "--sysroot", dir]);
  assert.is(status, 1);
  assert.match(stderr, "--from DIR");
});
