/** What every boot loader can do for a host; one file each implements it. */
import type { Durable } from "../durable.ts";

export const BOOTLOADER_NAMES = ["systemd-boot", "grub"] as const;
export type BootloaderName = (typeof BOOTLOADER_NAMES)[number];

export interface Bootloader {
  readonly name: BootloaderName;
  /** The Debian package whose files `install` needs. */
  readonly package: string;
  /**
   * Puts the loader into an empty boot directory, which is or becomes the root of an EFI system partition. Entries may
   * be there already.
   * @throws AtomicError not-found when its files are neither in the image nor on this machine; child-failed
   */
  install(disk: Durable, bootDirectory: string, files: LoaderFiles): void;
  /** True when `install` has been done there. */
  isInstalled(bootDirectory: string): boolean;
  /**
   * Gives the loader what the entries say now, and the entries what the loader has counted. Does nothing when both
   * agree; interrupted at any point, doing it again completes it.
   */
  settle(disk: Durable, bootDirectory: string): void;
}

/** Where a loader's own files come from. */
export interface LoaderFiles {
  /** A directory of the image, or else of this machine, as a path that can be read; undefined when neither has it. */
  locate(directory: string): string | undefined;
  /** An existing directory for temporary files. */
  readonly scratch: string;
}
