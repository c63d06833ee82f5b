/** From an installed disk to an upgrade and back, by firmware and boot loader. */
import * as assert from "uvu/assert";
import type { BootloaderName } from "../../src/bootloader/index.ts";
import { suite } from "../support/suite.ts";
import { copyOfDisk, type Disk } from "./disk.ts";
import { REF, type VmImages, vmImages, vmUnmet } from "./images.ts";
import { dataDrive, type Machine, startMachine } from "./machine.ts";
import { bootedKernel, hostStates, versionInside } from "./host-states.ts";

/** What Ansible's `copy` and `lineinfile` do: a new file beside the old one, made like it, takes its name. */
const REPLACE_LINE = `
import os, shutil, tempfile
path = "/etc/vm-test.conf"
text = open(path).read().replace("third = image", "third = operator")
fd, new = tempfile.mkstemp(prefix=".ansible_tmp", dir=os.path.dirname(path))
os.write(fd, text.encode()); os.fsync(fd); os.close(fd)
shutil.copystat(path, new); os.chown(new, 0, 0); os.chmod(new, 0o640)
os.rename(new, path)
`;
const RUNTIMES = ["node", "nodejs", "npm", "npx", "bun", "bunx"];

/** Registers the tests of one boot loader. */
export function testWholeLife(name: BootloaderName): void {
  const test = suite(`vm/${name}`, vmUnmet());
  let images: VmImages;
  let disk: Disk;
  /** The machine of the test before, which goes on. */
  let machine: Machine | undefined;
  test.before(async () => {
    images = await vmImages();
    disk = copyOfDisk(images.disks[name]);
  });
  test.after(() => machine?.kill());

  const running = (): Machine => {
    if (machine === undefined) throw new Error("the test before left no machine running");
    return machine;
  };
  const powerOn = async (): Promise<Machine> => {
    machine = await startMachine({ disk, devices: dataDrive(images.update, "update") });
    await machine.see(/atomic: starting os\/[0-9a-f]{64}\.[0-9]/);
    return machine;
  };

  test("starts what was installed, read-only but for its /etc and /var", async () => {
    const guest = await powerOn();
    const units = "systemctl is-system-running --wait || systemctl --failed --no-legend";
    assert.is(await guest.expect(units), "running");
    for (const path of ["/usr/x", "/x", "/usr/bin/x"]) {
      assert.match((await guest.shell(`touch ${path}`)).output, /Read-only file system/);
    }
    assert.is.not((await guest.shell("mount -o remount,rw /")).status, 0);
    assert.match((await guest.shell("touch /usr/x")).output, /Read-only file system/);
    await guest.expect("touch /etc/written /var/written /sysroot/written && rm /sysroot/written");
    assert.is(await guest.expect(versionInside), "1");
    assert.equal(await hostStates(guest), ["1 booted"]);
  });

  test("has no Node, Bun or npm", async () => {
    const guest = running();
    for (const program of RUNTIMES) assert.is.not((await guest.shell(`command -v ${program}`)).status, 0, program);
    const names = RUNTIMES.map((program) => `-name ${program}`).join(" -o ");
    assert.is(await guest.expect(`find /usr /opt /etc /var \\( ${names} \\) -print`), "");
  });

  test("upgrades from inside to another kernel, with what was edited and kept", async () => {
    const before = running();
    await before.expect(`python3 -c '${REPLACE_LINE}'`);
    await before.expect("mkdir /run/update && mount -o ro /dev/disk/by-id/virtio-update /run/update");
    await before.expect("atomic host upgrade --from /run/update", 900);
    assert.equal(await hostStates(before), ["2 staged pending", "1 booted"]);
    await before.restart();

    const after = await powerOn();
    assert.is(await after.expect(versionInside), "2");
    assert.is(await after.expect("uname -r"), await bootedKernel(after));
    assert.equal(await hostStates(after), ["2 booted", "1 rollback"]);
    assert.is(await after.expect("cat /etc/vm-test.conf"), "first = image 2\nsecond = image\nthird = operator");
    assert.is(await after.expect("stat -c %a /etc/vm-test.conf"), "640");
    await after.expect("test -f /etc/written && test -f /var/written");
  });

  test("rolls back", async () => {
    const before = running();
    await before.expect("atomic host rollback");
    await before.restart();

    const after = await powerOn();
    assert.is(await after.expect(versionInside), "1");
    assert.equal(await hostStates(after), ["1 booted", "2 rollback"]);
    assert.match(await after.expect("atomic host history"), /rollback/);
    assert.match(await after.expect("atomic host status"), new RegExp(REF));
  });
}
