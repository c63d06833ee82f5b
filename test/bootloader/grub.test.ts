/** GRUB's menus on a real directory, stopped at every operation and looked at with GRUB's eyes. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { applyBootSwitch } from "../../src/bootloader/apply-switch.ts";
import { readBootDirectory } from "../../src/bootloader/boot-directory.ts";
import type { BootEntry } from "../../src/bootloader/boot-entry.ts";
import { detectBootloader, settleBootloader } from "../../src/bootloader/detect.ts";
import { attemptsValue, attemptsVariable } from "../../src/bootloader/grub-attempts.ts";
import { grub } from "../../src/bootloader/grub.ts";
import { formatGrubenv } from "../../src/bootloader/grubenv.ts";
import { planBootSwitch } from "../../src/bootloader/plan-switch.ts";
import { createDurable, type Durable } from "../../src/durable.ts";
import { Stopped } from "../../src/durable-step.ts";
import { isAtomicError } from "../../src/errors.ts";
import { unmet } from "../support/needs.ts";
import { suite } from "../support/suite.ts";

const test = suite("bootloader/grub");
const disk = createDurable();
const scratch = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "atomic-test-"));
test.after(() => rmSync(scratch, { recursive: true }));
let made = 0;
const newDirectory = (): string => {
  const path = join(scratch, String(made++));
  mkdirSync(path);
  return path;
};

const entry = (id: string, tries?: number): BootEntry => ({
  id,
  title: id,
  linux: `atomic/${id}/vmlinuz`,
  initrd: [],
  kargs: [`atomic=host/${id}.0`],
  ...(tries === undefined ? {} : { tries }),
});
const A = entry("a");
const B = entry("b", 3);
const C = entry("c", 3);

function switchTo(writer: Durable, boot: string, wanted: readonly BootEntry[]): void {
  settleBootloader(writer, boot);
  applyBootSwitch(writer, boot, planBootSwitch(readBootDirectory(boot), wanted, ""));
  settleBootloader(writer, boot);
}

/** A boot directory with GRUB that came to `entries` one by one, the last of them first. */
function started(...entries: BootEntry[]): string {
  const boot = newDirectory();
  mkdirSync(join(boot, "grub"));
  writeFileSync(join(boot, "grub/grub.cfg"), "# Written by atomic.\n");
  writeFileSync(join(boot, "grub/grubenv"), formatGrubenv(new Map()));
  for (const at of [...entries.keys()].reverse()) switchTo(disk, boot, entries.slice(at));
  return boot;
}

/** The ids in the menu GRUB would show; what it starts first is the first of ours here. */
function menuIds(boot: string): string[] {
  const menus = ["menu-a.cfg", "menu-b.cfg"].map((name) => join(boot, "grub", name)).filter(existsSync);
  const text = menus.map((path) => readFileSync(path, "utf8")).find((menu) => menu.endsWith("set atomic_menu=whole\n"));
  return [...(text ?? "").matchAll(/atomic=host\/(.*)\.0/g)].map(([, id]) => id!);
}

/** Notes attempts as GRUB does. */
function attempt(boot: string, order: number, count: number): void {
  writeFileSync(join(boot, "grub/grubenv"), formatGrubenv(new Map([[attemptsVariable(order), attemptsValue(count)]])));
}

const entryNames = (boot: string): string[] => readdirSync(join(boot, "loader/entries")).toSorted();

const SCENARIOS: Record<string, { from: BootEntry[]; to: BootEntry[] }> = {
  "the first deployment": { from: [], to: [A] },
  "an upgrade": { from: [A], to: [B, A] },
  "a second upgrade": { from: [B, A], to: [C, B] },
  "a rollback": { from: [B, A], to: [A, B] },
  "removing the default": { from: [B, A], to: [A] },
};

for (const [what, { from, to }] of Object.entries(SCENARIOS)) {
  test(`${what}, stopped at any operation, has a menu with the old or the new default and can be repeated`, () => {
    const start = started(...from);
    const [before] = menuIds(start);
    let committed = false;
    for (let operation = 1; ; operation++) {
      const boot = newDirectory();
      cpSync(start, boot, { recursive: true });
      try {
        switchTo(createDurable({ stopAt: operation }), boot, to);
        assert.equal(
          menuIds(boot),
          to.map(({ id }) => id),
        );
        break;
      } catch (error) {
        assert.instance(error, Stopped);
      }
      const [id] = menuIds(boot);
      if (id === to[0]!.id) committed = true;
      else assert.is(id, committed ? to[0]!.id : before);

      switchTo(disk, boot, to);
      assert.equal(
        menuIds(boot),
        to.map(({ id: wanted }) => wanted),
      );
      const menus = readdirSync(join(boot, "grub")).filter((name) => name.startsWith("menu"));
      assert.is(menus.length, 1, menus.join(" "));
    }
    assert.ok(committed);
  });
}

test("no menu names what a switch has removed before the switch is over", () => {
  const boot = started(B, A);
  switchTo(disk, boot, [C, B]);
  assert.equal(menuIds(boot), ["c", "b"]);
});

test("settling what is in step writes nothing", () => {
  const boot = started(B, A);
  const operations: string[] = [];
  settleBootloader(createDurable({ record: ({ kind }) => void operations.push(kind) }), boot);
  assert.equal(operations, []);
});

test("takes over what GRUB counted; a bad entry goes to the end", () => {
  const boot = started(B, A);
  assert.equal(entryNames(boot), ["atomic-1-a.conf", "atomic-2-b+3-0.conf"]);
  attempt(boot, 2, 2);
  settleBootloader(disk, boot);
  assert.equal(entryNames(boot), ["atomic-1-a.conf", "atomic-2-b+1-2.conf"]);
  assert.equal(menuIds(boot), ["b", "a"]);
  attempt(boot, 2, 3);
  settleBootloader(disk, boot);
  assert.equal(entryNames(boot), ["atomic-1-a.conf", "atomic-2-b+0-3.conf"]);
  assert.equal(menuIds(boot), ["a", "b"]);
});

test("more attempts than there were is all of them; attempts of others change nothing", () => {
  const boot = started(B, A);
  attempt(boot, 2, 9);
  settleBootloader(disk, boot);
  assert.ok(entryNames(boot).includes("atomic-2-b+0-3.conf"));
  attempt(boot, 1, 2);
  settleBootloader(disk, boot);
  assert.ok(entryNames(boot).includes("atomic-1-a.conf"));
});

test("an entry written again starts with all its attempts", () => {
  const boot = started(B, A);
  attempt(boot, 2, 3);
  switchTo(disk, boot, [B, A]);
  assert.ok(entryNames(boot).includes("atomic-3-b+3-0.conf"), entryNames(boot).join(" "));
  assert.equal(menuIds(boot), ["b", "a"]);
});

for (const [what, damage] of Object.entries({
  missing: (path: string) => rmSync(path),
  damaged: (path: string) => writeFileSync(path, "nonsense"),
})) {
  test(`a ${what} environment block counts as empty`, () => {
    const boot = started(B, A);
    damage(join(boot, "grub/grubenv"));
    settleBootloader(disk, boot);
    assert.equal(menuIds(boot), ["b", "a"]);
  });
}

test("a menu that was cut off is replaced, and the whole one stays until then", () => {
  const boot = started(B, A);
  const [name] = readdirSync(join(boot, "grub")).filter((file) => file.startsWith("menu"));
  const text = readFileSync(join(boot, "grub", name!), "utf8");
  writeFileSync(join(boot, "grub/menu-a.cfg"), text.slice(0, 40));
  writeFileSync(join(boot, "grub/menu-b.cfg"), text);
  for (let operation = 1; operation < 20; operation++) {
    const copy = newDirectory();
    cpSync(boot, copy, { recursive: true });
    try {
      switchTo(createDurable({ stopAt: operation }), copy, [A]);
    } catch (error) {
      assert.instance(error, Stopped);
    }
    assert.ok(["a", "b"].includes(menuIds(copy)[0]!), `operation ${operation}`);
  }
});

test("knows its own configuration only", () => {
  const boot = started(A);
  assert.is(detectBootloader(boot)?.name, "grub");
  writeFileSync(join(boot, "grub/grub.cfg"), "# made by grub-mkconfig\n");
  assert.is(detectBootloader(boot), undefined);
});

test("says which package has the modules when they are missing", () => {
  assert.throws(
    () => grub.install(disk, newDirectory(), { locate: () => undefined, scratch }),
    (error: unknown) => isAtomicError(error, "not-found") && error.hint === "apt-get install grub-efi-amd64-bin",
  );
});

const MODULES = "/usr/lib/grub/x86_64-efi";
const install = test.skipUnless(
  process.arch === "x64" && unmet({ programs: ["grub-mkimage"], files: [`${MODULES}/kernel.img`] }) === undefined,
  `needs grub-mkimage and ${MODULES}`,
);

install("installs one program with all modules, and starts from what entries say", () => {
  const boot = newDirectory();
  applyBootSwitch(disk, boot, planBootSwitch([], [A], ""));
  grub.install(disk, boot, { locate: (directory) => directory, scratch });
  assert.ok(grub.isInstalled(boot));
  const program = readFileSync(join(boot, "EFI/BOOT/BOOTX64.EFI"));
  assert.is(program.toString("latin1", 0, 2), "MZ");
  assert.equal(readFileSync(join(boot, "grub/grubenv")), formatGrubenv(new Map()));
  assert.equal(menuIds(boot), ["a"]);
});
