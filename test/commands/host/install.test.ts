import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import * as assert from "uvu/assert";
import { writeLayout } from "../../oci/layout-builder.ts";
import type { Entry } from "../../oci/tar-builder.ts";
import { cli, cliJson } from "../../support/cli.ts";
import { unmet } from "../../support/needs.ts";
import { suite } from "../../support/suite.ts";
import { tempDir } from "../../support/temp.ts";

const PROGRAMS = ["sfdisk", "mkfs.vfat", "mcopy", "mke2fs", "wipefs", "debugfs"];
const BOOTLOADER = "/usr/lib/systemd/boot/efi/systemd-bootx64.efi";
const test = suite("commands/host/install", unmet({ root: true, programs: PROGRAMS, files: [BOOTLOADER] }));
const DEMO = resolve(import.meta.dirname, "../../../images/demo/v1.yaml");
const dir = tempDir();
const store = join(dir, "store");
const target = join(dir, "host.raw");
const argv = ["host", "install", "--bootloader", "systemd-boot", "--ref", "demo/host/x86_64", "--from", store];
const HOST_LAYER: Entry[] = [
  { name: "usr/lib/modules/6.1/vmlinuz", content: "kernel" },
  { name: "usr/lib/modules/6.1/initramfs.img", content: "initramfs" },
  { name: "usr/lib/bootc/kargs.d/10.toml", content: 'kargs = ["from-image=1"]\n' },
];
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

test("installs a container image, which upgrades follow", () => {
  const layout = join(dir, "layout");
  writeLayout(layout, { layers: [HOST_LAYER] });
  const disk = join(dir, "image.raw");
  const spec = ["--bootloader", "systemd-boot", "--image", `oci:${layout}`];
  const { status, stdout, stderr } = cli(["host", "install", ...spec, "--to-disk", disk, ...small]);
  assert.is(status, 0, stderr);
  assert.match(stdout, /kernel arguments: from-image=1 root=UUID=/);
  const path = "/atomic/deploy/default/deploy";
  const debugfs = (request: string) =>
    execFileSync("debugfs", ["-R", request, `${disk}?offset=${65 * 1024 ** 2}`], { encoding: "utf8", stdio: "pipe" });
  const [id] = /[0-9a-f]{64}\.0/.exec(debugfs(`ls ${path}`)) ?? [];
  assert.is((JSON.parse(debugfs(`cat ${path}/${id}/origin.json`)) as { spec: string }).spec, `oci:${layout}`);
});

test("an image needs its transport", () => {
  const { status, stderr } = cli(["host", "install", "--bootloader", "grub", "--image", "os:13", "--to-disk", "x"]);
  assert.is(status, 2);
  assert.match(stderr, 'installing "os:13": expected an image with its transport');
});

for (const [what, flags, message] of [
  ["no place", [], /to-disk/],
  ["a ref and an image", ["--to-disk", "a", "--image", "oci:a"], /image/],
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
