import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { hostStatus, installToFilesystem, openSysroot } from "../../../src/deploy/index.ts";
import { createDurable } from "../../../src/durable.ts";
import { noProgress } from "../../../src/progress.ts";
import { unmet } from "../../support/needs.ts";
import { suite } from "../../support/suite.ts";
import { tempDir } from "../../support/temp.ts";
import { codeOf, type Host, makeHost } from "../host-fixture.ts";

const test = suite(
  "deploy/install/install-to-filesystem",
  unmet({ root: true, mounts: true, programs: ["mke2fs", "mount", "losetup"] }),
);
const disk = createDurable();
let host: Host;
test.before(async () => {
  host = await makeHost();
  await host.commit("1", { "usr/lib/systemd/boot/efi/systemd-bootx64.efi": "the image's systemd-boot" });
});
test.after(() => host.remove());

const install = (target: string) =>
  installToFilesystem({
    target,
    spec: "os/stable",
    from: host.sysroot.path,
    bootloader: "systemd-boot",
    disk,
    progress: noProgress,
  });

const run = (program: string, ...args: string[]): string => execFileSync(program, args, { encoding: "utf8" });

/** Runs `work` on two mounted filesystems. Not every kernel has FAT, so that of `boot` is not. */
async function withFilesystems(work: (root: string, uuids: string[]) => Promise<void>): Promise<void> {
  const base = tempDir();
  const root = join(base, "root");
  const uuids = ["11111111-2222-4333-8444-555555555555", "66666666-7777-4888-8999-aaaaaaaaaaaa"];
  const targets = [root, join(root, "boot")];
  try {
    for (const [index, target] of targets.entries()) {
      const image = join(base, `${index}.img`);
      run("truncate", "--size=64M", image);
      run("mke2fs", "-q", "-F", "-t", "ext4", "-U", uuids[index]!, image);
      mkdirSync(target);
      run("mount", "-o", "loop", image, target);
    }
    await work(root, uuids);
  } finally {
    run("umount", "--recursive", root);
  }
}

test("installs a host that starts from the filesystems it was given", async () => {
  await withFilesystems(async (root, [rootUuid, bootUuid]) => {
    const { id, kargs } = await install(root);
    assert.equal(kargs, [`root=UUID=${rootUuid}`]);
    const sysroot = openSysroot(root, disk);
    assert.is(sysroot.bootPrefix, "");
    assert.is(hostStatus(sysroot).deployments[0]?.id, id);
    assert.equal(readdirSync(join(root, "boot")).toSorted(), ["EFI", "atomic", "loader", "lost+found"]);
    assert.equal(readdirSync(root).toSorted(), ["atomic", "boot", "lost+found"]);
    assert.match(run("cat", join(root, "atomic/deploy/default/deploy", id, "etc/fstab")), `UUID=${bootUuid} /boot`);
    assert.is(await codeOf(() => install(root)), "exists");
  });
});

test("refuses filesystems that hold something", async () => {
  await withFilesystems(async (root) => {
    writeFileSync(join(root, "boot/precious"), "");
    assert.is(await codeOf(() => install(root)), "exists");
    assert.equal(readdirSync(root).toSorted(), ["boot", "lost+found"]);
  });
});

test("refuses a directory without an EFI system partition in it", async () => {
  const root = tempDir();
  assert.is(await codeOf(() => install(root)), "invalid");
  mkdirSync(join(root, "boot"));
  assert.is(await codeOf(() => install(root)), "invalid");
});
