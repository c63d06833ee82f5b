/**
 * GRUB 2.06 or newer, alone on an EFI system partition: all modules are in its program, so nothing else must match it.
 *
 * See docs/decisions/0009-boot-loaders.md.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { AtomicError, isAtomicError } from "../errors.ts";
import { readFile } from "../linux/index.ts";
import { run } from "../spawn.ts";
import type { Bootloader } from "./bootloader.ts";
import { efiArchitecture, fallbackPath } from "./efi.ts";
import { GRUB_DIRECTORY, MENUS, settleGrub } from "./grub-settle.ts";
import { formatGrubenv } from "./grubenv.ts";
import { writeBootFile } from "./write-boot-file.ts";

const MODULES = "/usr/lib/grub";
/** What the menu and its configuration use, and what people type at a prompt when all else fails. */
const EMBEDDED = [
  ...["part_gpt", "fat", "normal", "configfile", "test", "true", "loadenv", "linux", "all_video", "serial"],
  ...["echo", "ls", "cat", "search", "ext2", "reboot", "halt", "minicmd"],
];
const MARK = "# Written by atomic.";
const MAX_PROGRAM = 64 * 1024 * 1024;
const MAX_CONFIG = 64 * 1024;
const TIMEOUT_SECONDS = 3;
const PACKAGES = { modules: "grub-efi-amd64-bin", program: "grub-common" };

export const grub: Bootloader = {
  name: "grub",
  package: PACKAGES.modules,
  install(disk, bootDirectory, files) {
    const architecture = efiArchitecture();
    const modules = files.locate(join(MODULES, architecture.grub));
    if (modules === undefined || !existsSync(join(modules, "kernel.img"))) {
      const message = `installing GRUB: neither the image nor this machine has ${MODULES}/${architecture.grub}`;
      throw new AtomicError("not-found", message, { hint: `apt-get install ${PACKAGES.modules}` });
    }
    const argv = ["grub-mkimage", "--format", architecture.grub, "--directory", modules];
    // A prefix without a device is on the partition the program was started from.
    const output = join(files.scratch, "grub.efi");
    run([...argv, "--prefix", `/${GRUB_DIRECTORY}`, "--output", output, ...EMBEDDED], { package: PACKAGES.program });
    const grubFile = (name: string): string => `${GRUB_DIRECTORY}/${name}`;
    writeBootFile(disk, bootDirectory, { path: fallbackPath(architecture), bytes: readFile(output, MAX_PROGRAM) });
    writeBootFile(disk, bootDirectory, { path: grubFile("grubenv"), bytes: formatGrubenv(new Map()) });
    settleGrub(disk, bootDirectory);
    writeBootFile(disk, bootDirectory, { path: grubFile("grub.cfg"), bytes: Buffer.from(grubConfig()) });
  },
  isInstalled(bootDirectory) {
    try {
      const config = readFile(join(bootDirectory, GRUB_DIRECTORY, "grub.cfg"), MAX_CONFIG);
      return config.toString("latin1").startsWith(MARK);
    } catch (error) {
      if (isAtomicError(error, "not-found") || isAtomicError(error, "invalid")) return false;
      throw error;
    }
  },
  settle: settleGrub,
};

/** The text of `grub/grub.cfg`, which never changes: it runs the first menu that is whole. */
export function grubConfig(): string {
  const isWhole = `[ "$atomic_menu" = whole ]`;
  return [
    MARK,
    "# menu-a.cfg and menu-b.cfg are made from loader/entries; the first that is whole counts.",
    `set timeout=${TIMEOUT_SECONDS}`,
    ...MENUS.map((menu) => {
      const path = `"$prefix/${menu}"`;
      return `if ${isWhole}; then true; elif [ -f ${path} ]; then source ${path}; fi`;
    }),
    "",
  ].join("\n");
}
