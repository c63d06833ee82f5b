/** What the initramfs refuses to start. */
import { join } from "node:path";
import { installedEntries, type InstalledEntry, readBootDirectory } from "../../src/bootloader/index.ts";
import { suite } from "../support/suite.ts";
import { bootDirectoryOf, copyOfDisk, type Disk } from "./disk.ts";
import { vmImages, vmUnmet } from "./images.ts";
import { type DirectBoot, startMachine } from "./machine.ts";

const test = suite("vm/boot", vmUnmet());

let disk: Disk;
let boot: string;
let entry: InstalledEntry;
test.before(async () => {
  disk = copyOfDisk((await vmImages()).disks["systemd-boot"]);
  boot = bootDirectoryOf(disk.path);
  entry = installedEntries(readBootDirectory(boot), "")[0]!;
});

const refusals: { what: string; kargs: string[]; says: RegExp }[] = [
  {
    what: "a deployment that is not there",
    kargs: [`atomic=os/${"0".repeat(64)}.0`],
    says: /cannot boot os\/0{64}\.0: looking for the deployment: no \S*image/,
  },
  {
    what: "an image of another digest",
    kargs: [`atomic.image=${"0".repeat(64)}`],
    says: /checking the image: expected sha256:0{64}, found sha256:[0-9a-f]{64}/,
  },
];
for (const { what, kargs, says } of refusals) {
  test(`refuses ${what}: says the step, and restarts`, async () => {
    const refused = await startMachine({ disk, direct: started(kargs) });
    try {
      await refused.see(says);
      await refused.ended(); // a restart ends the machine
    } finally {
      await refused.kill();
    }
  });
}

/** The disk's entry without its loader; `kargs` come after its own. */
function started(kargs: readonly string[]): DirectBoot {
  const initrd = entry.initrd.map((path) => join(boot, path)).join(",");
  return { linux: join(boot, entry.linux), initrd, kargs: [...entry.kargs, ...kargs] };
}
