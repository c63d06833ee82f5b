/** Hosts that `atomic` made, started by the entry it wrote, in virtual machines. */
import * as assert from "uvu/assert";
import type { InstalledEntry } from "../../src/bootloader/index.ts";
import { unmet } from "../support/needs.ts";
import { suite } from "../support/suite.ts";
import { bootEntries, directBoot, firstEntries, type HostDisk, hostDisk, REF, scratchDisk } from "./host-disk.ts";
import { type Machine, startMachine } from "./machine.ts";
import { qemu } from "./qemu.ts";

const programs = ["mmdebstrap", "mke2fs"];
const reason = unmet({ root: true, programs, files: ["dist/bin/atomic"] }) ?? qemu().missing;
const test = suite("vm/boot", reason);

/** Seconds from power-on to the initramfs's last words, several times what it takes. */
const PIVOT_SECONDS = 120;
/** From a shell to the last unit started. */
const SETTLE_SECONDS = 180;
const SHUTDOWN_SECONDS = 120;
/** For verbs that write a deployment: interpreted code is slow. */
const UPGRADE_SECONDS = 240;

let base: HostDisk;
let disk: string;
/** The machine of the test before, which goes on. */
let machine: Machine | undefined;
test.before(async () => {
  base = await hostDisk();
  disk = scratchDisk(base);
});
test.after(() => machine?.kill());

interface Status {
  deployments: { version: string; booted: boolean; pending: boolean; rollback: boolean; etcConflicts: number }[];
}
const status = async (guest: Machine): Promise<Status> =>
  JSON.parse(await guest.expect("atomic host status --json")) as Status;
const states = ({ deployments }: Status): string[] =>
  deployments.map(
    (it) =>
      `${it.version}${it.booted ? " booted" : ""}${it.pending ? " pending" : ""}${it.rollback ? " rollback" : ""}`,
  );

test("starts the deployment of the entry, read-only but for its /etc and /var", async () => {
  machine = await startMachine({ disk, boot: directBoot(base, defaultOf(firstEntries(base))) });
  await machine.see(/atomic: starting os\/[0-9a-f]{64}\.0/, PIVOT_SECONDS);

  assert.is(
    await machine.expect("systemctl is-system-running --wait || systemctl --failed --no-legend", SETTLE_SECONDS),
    "running",
  );
  for (const path of ["/usr/x", "/x", "/usr/bin/x"]) {
    assert.match((await machine.shell(`touch ${path}`)).output, /Read-only file system/);
  }
  assert.is.not((await machine.shell("mount -o remount,rw /")).status, 0);
  assert.match((await machine.shell("touch /usr/x")).output, /Read-only file system/);
  await machine.expect("touch /etc/written /var/written /sysroot/written && rm /sysroot/written");
  assert.is(await machine.expect("cat /usr/share/vm-test/version"), "1");
  assert.equal(states(await status(machine)), ["1 booted"]);
});

test("upgrades from inside, and starts the new deployment with what was edited and kept", async () => {
  const before = running();
  await before.expect("sed -i 's/^third = .*/third = operator/' /etc/vm-test.conf");
  await before.expect("atomic host upgrade --no-stage", UPGRADE_SECONDS);
  assert.equal(states(await status(before)), ["2 pending", "1 booted"]);
  await restart(before);

  const after = running();
  assert.equal(states(await status(after)), ["2 booted", "1 rollback"]);
  assert.is(await after.expect("cat /usr/share/vm-test/version"), "2");
  assert.is(await after.expect("cat /etc/vm-test.conf"), "first = image 2\nsecond = image\nthird = operator");
  await after.expect("test -f /etc/written && test -f /var/written");
});

test("rolls back", async () => {
  const before = running();
  await before.expect("atomic host rollback", UPGRADE_SECONDS);
  assert.equal(states(await status(before)), ["1 pending", "2 booted"]);
  await restart(before);

  const after = running();
  assert.equal(states(await status(after)), ["1 booted", "2 rollback"]);
  assert.is(await after.expect("cat /usr/share/vm-test/version"), "1");
});

const refusals: { what: string; kargs: (entry: InstalledEntry) => string[]; says: RegExp }[] = [
  {
    what: "a deployment that is not there",
    kargs: () => [`atomic=os/${"0".repeat(64)}.0`],
    says: /cannot boot os\/0{64}\.0: looking for the deployment: no \S*image/,
  },
  {
    what: "an image of another digest",
    kargs: () => [`atomic.image=${"0".repeat(64)}`],
    says: /checking the image: expected sha256:0{64}, found sha256:[0-9a-f]{64}/,
  },
];
for (const { what, kargs, says } of refusals) {
  test(`refuses ${what}: says the step, and restarts`, async () => {
    await machine?.kill();
    const entry = defaultOf(firstEntries(base));
    const refused = await startMachine({ disk: scratchDisk(base), boot: directBoot(base, entry, kargs(entry)) });
    try {
      await refused.see(says, PIVOT_SECONDS);
      await refused.ended(PIVOT_SECONDS); // a restart ends the machine
    } finally {
      await refused.kill();
    }
  });
}

function running(): Machine {
  if (machine === undefined) throw new Error("the test before left no machine running");
  return machine;
}

/** Restarts the guest into what is its default entry by then. */
async function restart(guest: Machine): Promise<void> {
  const names = (await guest.expect("ls /sysroot/boot/loader/entries")).split("\n");
  const files: Record<string, string> = {};
  for (const name of names) files[name] = `${await guest.expect(`cat /sysroot/boot/loader/entries/${name}`)}\n`;
  await guest.shell("systemctl reboot --no-block");
  await guest.ended(SHUTDOWN_SECONDS);
  machine = await startMachine({ disk, boot: directBoot(base, defaultOf(bootEntries(files))) });
}

function defaultOf(entries: readonly InstalledEntry[]): InstalledEntry {
  const [first] = entries;
  if (first === undefined) throw new Error(`there is no boot entry for ${REF}`);
  return first;
}
