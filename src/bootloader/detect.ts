/** Which boot loader a boot directory has. */
import type { Durable } from "../durable.ts";
import type { Bootloader, BootloaderName } from "./bootloader.ts";
import { grub } from "./grub.ts";
import { systemdBoot } from "./systemd-boot.ts";

const BOOTLOADERS: Readonly<Record<BootloaderName, Bootloader>> = { grub, "systemd-boot": systemdBoot };

/** The boot loader of that name. */
export function bootloaderOf(name: BootloaderName): Bootloader {
  return BOOTLOADERS[name];
}

/** The boot loader that we know in a boot directory; undefined when another one, or none, reads the entries. */
export function detectBootloader(bootDirectory: string): Bootloader | undefined {
  return Object.values(BOOTLOADERS).find((loader) => loader.isInstalled(bootDirectory));
}

/**
 * Brings the boot loader in step with the entries: to be called after each change of the entries, and before the
 * entries are read for one, because the last change may have been cut short and the loader may have counted attempts.
 */
export function settleBootloader(disk: Durable, bootDirectory: string): void {
  detectBootloader(bootDirectory)?.settle(disk, bootDirectory);
}
