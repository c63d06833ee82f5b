/** Removing kernels that nothing starts any more. */
import { join } from "node:path";
import type { Durable } from "../durable.ts";
import { namesIn } from "../linux/index.ts";
import { readBootDirectory } from "./boot-directory.ts";
import { KERNELS } from "./install-kernel.ts";

const OWN_DIRECTORY = /^[A-Za-z0-9_.-]+-[0-9a-f]{64}$/;

/**
 * Removes every kernel directory that no boot entry names, be it ours or not, and that is not in `referenced`.
 * To be called after the boot switch: what an old entry starts must stay until the entry is gone.
 * @param referenced directories (`InstalledKernel.directory`) to keep although no entry names them yet
 * @returns the directories removed
 */
export function collectKernels(bootDirectory: string, referenced: readonly string[], disk: Durable): string[] {
  const lines = readBootDirectory(bootDirectory).flatMap(({ loaderEntry }) => loaderEntry?.entry.lines ?? []);
  const isNamed = (directory: string): boolean => lines.some(({ text }) => text.includes(`${directory}/`));

  const names = namesIn(join(bootDirectory, KERNELS)).filter((name) => OWN_DIRECTORY.test(name));
  const present = names.map((name) => `${KERNELS}/${name}`);
  const unused = present.filter((directory) => !referenced.includes(directory) && !isNamed(directory));
  for (const directory of unused) disk.removeTree(join(bootDirectory, directory));
  if (unused.length > 0) disk.fsyncDirectory(join(bootDirectory, KERNELS));
  return unused;
}
