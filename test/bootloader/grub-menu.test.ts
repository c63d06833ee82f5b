import { execFileSync } from "node:child_process";
import * as assert from "uvu/assert";
import { parseBlsEntry } from "../../src/bootloader/bls-entry.ts";
import { readBootEntry } from "../../src/bootloader/boot-entry.ts";
import { parseEntryName } from "../../src/bootloader/entry-name.ts";
import { grubMenu, type MenuEntry } from "../../src/bootloader/grub-menu.ts";
import { grubConfig } from "../../src/bootloader/grub.ts";
import { suite } from "../support/suite.ts";

const test = suite("bootloader/grub-menu");
const check = test.needs({ programs: ["grub-script-check"] });

function menuEntry(fileName: string, text: string): MenuEntry {
  const loaderEntry = { name: parseEntryName(fileName), entry: parseBlsEntry(text) };
  const own = readBootEntry(loaderEntry, "");
  return own === undefined ? { loaderEntry } : { loaderEntry, own };
}

const entry = (title: string, options: string): string =>
  `title ${title}\nlinux /atomic/k/vmlinuz\ninitrd /atomic/k/initramfs.img\noptions ${options}\n`;
const COUNTED = menuEntry("atomic-12-b+2-1.conf", entry("B", "root=UUID=1 atomic=default/b"));
const GOOD = menuEntry("atomic-9-a.conf", entry("A", "quiet"));
const FOREIGN = menuEntry("memtest.conf", "title Memory test\nlinux /memtest\n");

test("counts an attempt when it starts an entry, and goes on to the next after the last", () => {
  assert.is(
    grubMenu([COUNTED, GOOD, FOREIGN], []),
    `# Written by atomic after every change of loader/entries: what is changed here gets lost.
load_env --file=$prefix/grubenv atomic_done_12
menuentry 'B' --id 'atomic-12-b' {
  set atomic_done_12="\${atomic_done_12}x"
  save_env --file=$prefix/grubenv atomic_done_12
  linux '/atomic/k/vmlinuz' 'root=UUID=1' 'atomic=default/b'
  initrd '/atomic/k/initramfs.img'
}
menuentry 'A' --id 'atomic-9-a' {
  linux '/atomic/k/vmlinuz' 'quiet'
  initrd '/atomic/k/initramfs.img'
}
menuentry 'Memory test' --id 'memtest' {
  linux '/memtest'
}
if [ "\${atomic_done_12}" != 'xxx' ]; then
set default=0
set fallback="1"
else
set default=1
set fallback="0"
fi
set atomic_menu=whole
`,
  );
});

test("chooses among ours only", () => {
  const menu = grubMenu([FOREIGN, GOOD], []);
  assert.match(menu, 'set default=1\nset fallback=""\n');
});

test("a menu without one of ours has no default", () => {
  assert.not.match(grubMenu([FOREIGN], []), "default");
});

test("tries every counted entry in turn, and the first again when all are used up", () => {
  const second = menuEntry("atomic-10-c+0-1.conf", entry("C", "quiet"));
  const menu = grubMenu([COUNTED, second], []);
  assert.match(
    menu,
    `if [ "\${atomic_done_12}" != 'xxx' ]; then
set default=0
set fallback="1"
elif [ "\${atomic_done_10}" != 'x' ]; then
set default=1
set fallback="0"
else
set default=0
set fallback="1"
fi
`,
  );
});

test("has GRUB forget the attempts of entries that are gone", () => {
  assert.match(grubMenu([GOOD], [7]), "unset atomic_done_7\nsave_env --file=$prefix/grubenv atomic_done_7\n");
});

test("leaves out what has no kernel", () => {
  const efi = menuEntry("shell.conf", "title Shell\nefi /shell.efi\n");
  assert.not.match(grubMenu([efi, GOOD], []), "shell");
});

/** What an entry holds → how the script has it. */
const QUOTED: Record<string, [options: string, expected: string]> = {
  "a space in quotes": ['dyndbg="file a.c +p"', "'dyndbg=file a.c +p'"],
  "a quoted argument": ['"dyndbg=file a.c +p"', "'dyndbg=file a.c +p'"],
  "an expansion": ["a=$root;reboot", "'a=$root;reboot'"],
  "an apostrophe": ["a='b", "'a='\\''b'"],
  "a brace": ["a={b}", "'a={b}'"],
  "a backslash": ["a=b\\", "'a=b\\'"],
  "the end of the kernel's own": ["quiet -- single", "'quiet' '--' 'single'"],
};
for (const [what, [options, expected]] of Object.entries(QUOTED)) {
  test(`hands ${what} on as it is`, () => {
    const menu = grubMenu([menuEntry("atomic-1-a.conf", entry("A", options))], []);
    assert.match(menu, `linux '/atomic/k/vmlinuz' ${expected}\n`);
  });
}

check("what is written is GRUB's script language", () => {
  const hostile = menuEntry("atomic-3-x+1-0.conf", entry("O'Neil's $(reboot) {", 'a=\'b c="d e" ${x} f=\\'));
  for (const text of [
    grubConfig(),
    grubMenu([COUNTED, GOOD, FOREIGN, hostile], [5, 6]),
    grubMenu([hostile, COUNTED], []),
    grubMenu([], []),
  ]) {
    execFileSync("grub-script-check", { input: text });
  }
});
