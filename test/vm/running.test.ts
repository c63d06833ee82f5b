/** What a host does without its firmware: upgrades that /boot has little room for, another userspace, a writable /usr. */
import * as assert from "uvu/assert";
import type { HostStatus } from "../../src/deploy/index.ts";
import { suite } from "../support/suite.ts";
import { atomic } from "./atomic.ts";
import { copyOfDisk, type Disk, withSysroot } from "./disk.ts";
import { hostStates, versionInside } from "./host-states.ts";
import { REF, type VmImages, vmImages, vmUnmet } from "./images.ts";
import { dataDrive, type Machine, startMachine } from "./machine.ts";

const test = suite("vm/running", vmUnmet());
const BOOT_ID = "cat /proc/sys/kernel/random/boot_id";
const SETTLED = "systemctl is-system-running --wait || true";
const COUNT_OBJECTS = "find /sysroot/atomic/repo/objects -type f | wc -l";
/** Less than a kernel and its initramfs. */
const LEFT_IN_BOOT = 16 * 1024 * 1024;
/** The twin was committed today, and is newer than any point release. */
const UPGRADE = "upgrade --from /run/update --allow-downgrade";
const UPGRADES = 10;
const UNREFERENCED_KERNELS =
  'for kernel in /boot/atomic/*/; do grep -q "$(basename $kernel)" /boot/loader/entries/* || echo "$kernel"; done';

let images: VmImages;
let disk: Disk;
let machine: Machine | undefined;
test.before(async () => {
  images = await vmImages();
  disk = copyOfDisk(images.disks["systemd-boot"]);
  withSysroot(disk.path, (sysroot) =>
    atomic("repo", "pull", images.store, "broken/twin", "--ref", REF, "--repo", `${sysroot}/atomic/repo`),
  );
  await powerOn();
});
test.after(async () => machine?.kill());

async function powerOn(): Promise<Machine> {
  machine = await startMachine({ disk, devices: dataDrive(images.update, "update") });
  await machine.expect(SETTLED);
  return machine;
}

function running(): Machine {
  if (machine === undefined) throw new Error("the test before left no machine running");
  return machine;
}

test("restarts only userspace into what was staged", async () => {
  const guest = running();
  const boot = await guest.expect(BOOT_ID);
  await guest.expect("touch /var/kept && echo kept >/etc/kept");
  await guest.expect("atomic host upgrade");
  assert.equal(await hostStates(guest), ["twin staged pending", "1 booted"]);
  await guest.expect("atomic host soft-reboot");
  await versionTurns(guest, "twin");
  await guest.expect(SETTLED);
  assert.is(await guest.expect(BOOT_ID), boot);
  assert.equal(await hostStates(guest), ["twin booted", "1 rollback"]);
  await guest.expect("test -e /var/kept && grep kept /etc/kept");
  assert.match((await guest.shell("touch /usr/new /new")).output, /\/usr\/new.*Read-only.*\n.*\/new.*Read-only/);
});

test("unlocks /usr until the next reboot", async () => {
  const guest = running();
  await guest.expect("atomic host unlock && touch /usr/new && rm /usr/share/vm-test/version");
  assert.match(await guest.expect("atomic host status"), /booted, unlocked/);
  await guest.restart();

  const after = await powerOn();
  assert.is(await after.expect(versionInside), "twin");
  assert.is.not((await after.shell("test -e /usr/new")).status, 0);
  assert.equal(await hostStates(after), ["twin booted", "1 rollback"]);
});

test("refuses an upgrade that /boot has no room for, before it writes", async () => {
  const guest = running();
  await guest.expect("mkdir /run/update && mount -o ro /dev/disk/by-id/virtio-update /run/update");
  const objects = await guest.expect(COUNT_OBJECTS);
  const free = Number(await guest.expect("df --block-size=1 --output=avail /boot | tail -n 1"));
  await guest.expect(`head -c ${free - LEFT_IN_BOOT} /dev/zero >/boot/filler`);
  const { status, output } = await guest.shell(`atomic host ${UPGRADE}`);
  assert.is(status, 1, output);
  assert.match(output, /error: writing to \/boot: expected \d+ bytes \(.+\) free, found \d+ bytes/);
  assert.is(await guest.expect(COUNT_OBJECTS), objects);
  assert.equal(await hostStates(guest), ["twin booted", "1 rollback"]);
  await guest.expect("rm /boot/filler");
});

test(`leaves no kernel in /boot that nothing starts after ${UPGRADES} upgrades`, async () => {
  const guest = running();
  await guest.expect(`atomic host ${UPGRADE} && atomic host finalize`);
  const { deployments } = JSON.parse(await guest.expect("atomic host status --json")) as HostStatus;
  const [update, twin] = deployments.map(({ commit }) => commit);
  for (let upgrade = 2; upgrade <= UPGRADES; upgrade++) {
    await guest.expect(`atomic host deploy ${upgrade % 2 === 1 ? update : twin} && atomic host finalize`);
    assert.is(await guest.expect(UNREFERENCED_KERNELS), "");
  }
  assert.equal(await hostStates(guest), ["twin pending", "twin booted", "1 rollback"]);
});

/** Asks again and again: the shell that is asked ends with the userspace it belongs to. */
async function versionTurns(guest: Machine, version: string): Promise<void> {
  for (let attempt = 0; attempt < 30; attempt++) {
    const found = await guest.shell(versionInside, 20).catch(() => undefined);
    if (found?.output === version) return;
    await new Promise((resolve) => setTimeout(resolve, 2000));
  }
  throw new Error(`the guest never said that it runs version ${version}`);
}
