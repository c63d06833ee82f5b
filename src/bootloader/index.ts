/** Boot entries and kernel arguments; see docs/decisions/0004-boot-entry-switch.md for how entries change. */
export { applyBootSwitch } from "./apply-switch.ts";
export { blessEntry } from "./bless-entry.ts";
export { getField, getFields } from "./bls-entry.ts";
export type { BlsEntry, BlsField, BlsLine } from "./bls-entry.ts";
export { entriesDirectory, installedEntries, readBootDirectory } from "./boot-directory.ts";
export type { BootFile } from "./boot-directory.ts";
export type { BootEntry, InstalledEntry } from "./boot-entry.ts";
export { type Bootloader, BOOTLOADER_NAMES, type BootloaderName, type LoaderFiles } from "./bootloader.ts";
export { collectKernels } from "./collect-kernels.ts";
export { bootloaderOf, settleBootloader } from "./detect.ts";
export { efiArchitecture } from "./efi.ts";
export type { BootCounter, EntryName } from "./entry-name.ts";
export { installKernel } from "./install-kernel.ts";
export type { InstalledKernel, KernelFiles } from "./install-kernel.ts";
export {
  appendKargs,
  appendMissingKargs,
  deleteKarg,
  hasKarg,
  kargKey,
  kargValues,
  mergeImageKargs,
  parseKargs,
} from "./kargs.ts";
export { planBootSwitch } from "./plan-switch.ts";
export type { SwitchStep } from "./plan-switch.ts";
export { sortEntries } from "./sort.ts";
export type { LoaderEntry } from "./sort.ts";
export { compareVersions } from "./version-compare.ts";
