import { join } from "node:path";
import type { Durable } from "../durable.ts";
import { isKernelError } from "../linux/index.ts";
import { entriesDirectory, readBootDirectory } from "./boot-directory.ts";
import { readBootEntry } from "./boot-entry.ts";
import { settleBootloader } from "./detect.ts";
import { blessed, formatEntryName } from "./entry-name.ts";

/**
 * Takes the boot counter off our entry of that id: it is known to boot, and its attempts are counted no more. One
 * without a counter stays as it is.
 */
export function blessEntry(disk: Durable, bootDirectory: string, id: string): void {
  const directory = entriesDirectory(bootDirectory);
  for (const { loaderEntry } of readBootDirectory(bootDirectory)) {
    if (loaderEntry?.name.counter === undefined || readBootEntry(loaderEntry, "")?.id !== id) continue;
    const counted = join(directory, formatEntryName(loaderEntry.name));
    try {
      disk.renameNoReplace(counted, join(directory, formatEntryName(blessed(loaderEntry.name))));
    } catch (error) {
      if (!isKernelError(error, "EEXIST")) throw error;
      disk.unlink(counted);
    }
    disk.fsyncDirectory(directory);
  }
  settleBootloader(disk, bootDirectory);
}
