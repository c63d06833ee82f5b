/** The boot loaders themselves, on firmware: what they start, count and fall back to. Linux is cut off at its init. */
import { cpSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import {
  applyBootSwitch,
  type BootEntry,
  BOOTLOADER_NAMES,
  type BootloaderName,
  bootloaderOf,
  installedEntries,
  planBootSwitch,
  readBootDirectory,
  settleBootloader,
} from "../../src/bootloader/index.ts";
import { planPartitions } from "../../src/deploy/install/partition-plan.ts";
import { writeDisk } from "../../src/deploy/install/write-disk.ts";
import { createDurable } from "../../src/durable.ts";
import { noProgress } from "../../src/progress.ts";
import { run } from "../../src/spawn.ts";
import { suite } from "../support/suite.ts";
import { tempDir } from "../support/temp.ts";
import { bootDirectoryOf } from "./disk.ts";
import { vmImages, vmUnmet } from "./images.ts";
import { powerOn } from "./power-cycle.ts";

const FIRMWARE = "/usr/share/OVMF/OVMF_CODE_4M.fd";
const VARIABLES = "/usr/share/OVMF/OVMF_VARS_4M.fd";
const test = suite("vm/loader", vmUnmet());
const disk = createDurable();
const MIB = 1024 ** 2;
const PLAN = planPartitions(256 * MIB, 128 * MIB);
/** Seconds from power-on to init, several times what it takes. */
const INIT_SECONDS = 300;

/** The boot directory of an installed host. */
let installed: string;
test.before(async () => {
  installed = bootDirectoryOf((await vmImages()).disks["systemd-boot"]);
});

/** A boot directory with a loader and the real kernel, and no entries. */
function newBoot(name: BootloaderName): string {
  const boot = join(tempDir(), "boot");
  mkdirSync(join(boot, "loader"), { recursive: true });
  cpSync(join(installed, "atomic"), join(boot, "atomic"), { recursive: true });
  bootloaderOf(name).install(disk, boot, { locate: (directory) => directory, scratch: tempDir() });
  return boot;
}

function entry(id: string, tries?: number): BootEntry {
  const { linux, initrd } = installedEntries(readBootDirectory(installed), "")[0]!;
  const kargs = ["console=ttyS0,115200", "panic=-1", `started=${id}`, 'quoted="two words"'];
  return { id, title: `Host '${id}'`, linux, initrd, kargs, ...(tries === undefined ? {} : { tries }) };
}

function switchTo(boot: string, wanted: readonly BootEntry[]): void {
  settleBootloader(disk, boot);
  applyBootSwitch(disk, boot, planBootSwitch(readBootDirectory(boot), wanted, ""));
  settleBootloader(disk, boot);
}

/** Makes a disk of the boot directory and starts it until init; the loader's changes are in `boot` afterwards. */
async function start(boot: string): Promise<string> {
  const directory = tempDir();
  const at = (name: string): string => join(directory, name);
  const { path, variables, root } = { path: at("disk.raw"), variables: at("vars.fd"), root: at("root") };
  mkdirSync(root);
  const file = disk.create(path, 0o600);
  file.skip(256 * MIB);
  file.close();
  const uuid = "11111111-2222-4333-8444-555555555555";
  const ids = { disk: uuid, esp: uuid.replace("1", "6"), root: uuid.replace("1", "7") };
  writeDisk(disk, path, { plan: PLAN, ids, esp: boot, espSerial: "12345678", root, rootUuid: uuid }, noProgress);
  cpSync(VARIABLES, variables);
  const cycle = await powerOn([
    ...["-drive", `if=pflash,format=raw,readonly=on,file=${FIRMWARE}`],
    ...["-drive", `if=pflash,format=raw,file=${variables}`],
    ...["-drive", `file=${path},format=raw,if=none,id=root,cache=unsafe`, "-device", "virtio-blk-pci,drive=root"],
  ]);
  let console: string;
  try {
    await cycle.wait("init", INIT_SECONDS, () => cycle.console().includes("Run /init as init") || undefined);
    console = cycle.console();
  } finally {
    await cycle.kill();
  }
  disk.removeTree(boot);
  disk.mkdir(boot, 0o755);
  run(["mcopy", "-s", "-n", "-i", `${path}@@${PLAN.esp.offset}`, "::/*", boot]);
  disk.removeTree(directory);
  assert.match(console, /Kernel command line:.* "?quoted="?two words"/);
  return /Kernel command line:.* started=(\S+)/.exec(console)![1]!;
}

const entries = (boot: string): string[] => readdirSync(join(boot, "loader/entries")).toSorted();

for (const name of BOOTLOADER_NAMES) {
  test(`${name} starts the newest, counts its attempts, and goes on to the one before`, async () => {
    const boot = newBoot(name);
    switchTo(boot, [entry("a")]);
    switchTo(boot, [entry("b", 2), entry("a")]);
    assert.equal(entries(boot), ["atomic-1-a.conf", "atomic-2-b+2-0.conf"]);

    for (const [started, after] of [
      ["b", "atomic-2-b+1-1.conf"],
      ["b", "atomic-2-b+0-2.conf"],
      ["a", "atomic-2-b+0-2.conf"],
    ] as const) {
      assert.is(await start(boot), started);
      settleBootloader(disk, boot);
      assert.equal(entries(boot), ["atomic-1-a.conf", after]);
    }

    switchTo(boot, [entry("b", 2), entry("a")]);
    assert.is(await start(boot), "b");
  });
}

test("GRUB counts without anybody settling, and goes on when a kernel cannot be read", async () => {
  const boot = newBoot("grub");
  switchTo(boot, [entry("a")]);
  switchTo(boot, [entry("b", 1), entry("a")]);
  assert.is(await start(boot), "b");
  assert.is(await start(boot), "a");
  assert.match(readFileSync(join(boot, "grub/grubenv"), "latin1"), "\natomic_done_2=x\n");

  switchTo(boot, [{ ...entry("c", 3), linux: "atomic/missing/vmlinuz" }, entry("a")]);
  assert.is(await start(boot), "a");
  settleBootloader(disk, boot);
  assert.equal(entries(boot), ["atomic-1-a.conf", "atomic-3-c+2-1.conf"]);
  assert.not.match(readFileSync(join(boot, "grub/grubenv"), "latin1"), "atomic_done_2");
});
