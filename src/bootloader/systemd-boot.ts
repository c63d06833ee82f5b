/**
 * systemd-boot: reads the entries itself and counts attempts in their names, so switching entries is all it needs.
 * Spec: loader.conf(5), https://uapi-group.org/specifications/specs/boot_loader_specification/
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { AtomicError } from "../errors.ts";
import { readFile } from "../linux/index.ts";
import type { Bootloader } from "./bootloader.ts";
import { OWN_PREFIX } from "./boot-entry.ts";
import { efiArchitecture, fallbackPath } from "./efi.ts";
import { writeBootFile } from "./write-boot-file.ts";

const SOURCE = "/usr/lib/systemd/boot/efi";
/** Bytes; the program takes about 100 kB. */
const MAX_PROGRAM = 16 * 1024 * 1024;
const TIMEOUT_SECONDS = 3;

export const systemdBoot: Bootloader = {
  name: "systemd-boot",
  package: "systemd-boot-efi",
  install(disk, bootDirectory, files) {
    const architecture = efiArchitecture();
    const name = `systemd-boot${architecture.suffix}.efi`;
    const source = files.locate(SOURCE);
    if (source === undefined || !existsSync(join(source, name))) {
      const message = `installing systemd-boot: neither the image nor this machine has ${SOURCE}/${name}`;
      throw new AtomicError("not-found", message, { hint: `apt-get install ${systemdBoot.package}` });
    }
    const program = readFile(join(source, name), MAX_PROGRAM);
    for (const path of [`EFI/systemd/${name}`, fallbackPath(architecture)]) {
      writeBootFile(disk, bootDirectory, { path, bytes: program });
    }
    writeBootFile(disk, bootDirectory, { path: "loader/entries.srel", bytes: Buffer.from("type1\n") });
    writeBootFile(disk, bootDirectory, { path: "loader/loader.conf", bytes: Buffer.from(loaderConf()) });
  },
  isInstalled: (bootDirectory) => existsSync(join(bootDirectory, "EFI/systemd")),
  settle() {},
};

/** The text of `loader/loader.conf`: ours come before the entries of others, whatever their names. */
export function loaderConf(): string {
  return [`default ${OWN_PREFIX}*`, `timeout ${TIMEOUT_SECONDS}`, "console-mode keep", ""].join("\n");
}
