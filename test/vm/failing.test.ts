/** Deployments that do not come up: the host returns to the one before by itself, and says why. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { BOOTLOADER_NAMES } from "../../src/bootloader/index.ts";
import { suite } from "../support/suite.ts";
import { atomic } from "./atomic.ts";
import { copyOfDisk, type Disk, withSysroot } from "./disk.ts";
import { hostStates, versionInside } from "./host-states.ts";
import { REF, type VmImages, vmImages, vmUnmet } from "./images.ts";
import { startMachine } from "./machine.ts";

const test = suite("vm/failing", vmUnmet());

let images: VmImages;
test.before(async () => {
  images = await vmImages();
});

/** What the console shows of each breakage before the machine restarts, and the reason that is recorded. */
const FAILURES = [
  { name: "health", tries: 1, bootloader: "systemd-boot", shows: /atomic: starting/, reason: /50-upside-down\.sh.*3/ },
  { name: "init", tries: 1, bootloader: "grub", shows: /Attempted to kill init/, reason: /did not come up/ },
  { name: "kernel", tries: 2, bootloader: "systemd-boot", shows: /Kernel panic/, reason: /did not come up/ },
] as const;

for (const { name, tries, bootloader, shows, reason } of FAILURES) {
  test(`returns from a deployment stopped by its ${name} after ${tries} attempts, with ${bootloader}`, async () => {
    const disk = copyOfDisk(images.disks[bootloader]);
    withSysroot(disk.path, (sysroot) => {
      writeFileSync(join(sysroot, "atomic/config.json"), JSON.stringify({ bootTries: tries }));
      const store = join(sysroot, "atomic/repo");
      atomic("repo", "pull", images.store, `broken/${name}`, "--ref", REF, "--repo", store);
      atomic("host", "upgrade", "--sysroot", sysroot);
    });
    for (let attempt = 1; attempt <= tries; attempt++) await failingBoot(disk, shows);

    const guest = await startMachine({ disk });
    try {
      assert.is(await guest.expect(versionInside), "1");
      await guest.expect("systemctl is-system-running --wait || true");
      assert.equal(await hostStates(guest), ["1 booted", `${name} failed`]);
      assert.match(await guest.expect("atomic host status"), reason);
      assert.match(await guest.expect("atomic host history"), reason);
      const again = await guest.shell("atomic host upgrade");
      assert.is(again.status, 1);
      assert.match(again.output, /did not boot on this host before/);
    } finally {
      await guest.kill();
    }
  });
}

/** A power cycle that ends by itself. */
async function failingBoot(disk: Disk, shows: RegExp): Promise<void> {
  const machine = await startMachine({ disk });
  try {
    await machine.see(shows);
    await machine.ended();
  } finally {
    await machine.kill();
  }
}

test("covers both boot loaders", () => {
  assert.equal([...new Set(FAILURES.map(({ bootloader }) => bootloader))].toSorted(), [...BOOTLOADER_NAMES].toSorted());
});
