/** Carrying out a boot switch. */
import { join } from "node:path";
import type { Durable } from "../durable.ts";
import { entriesDirectory } from "./boot-directory.ts";
import { OWN_PREFIX } from "./boot-entry.ts";
import type { SwitchStep } from "./plan-switch.ts";

/** No loader reads it, and it counts as ours, so the next switch removes what a crash left of it. */
const UNFINISHED = `${OWN_PREFIX}unfinished.tmp`;

/**
 * Carries out what `planBootSwitch` planned, each step on the disk before the next begins.
 * The kernels of the entries must be installed; whatever was written to the boot filesystem reaches the disk first.
 * @throws KernelError when a step fails; planning anew and applying that continues from there
 */
export function applyBootSwitch(disk: Durable, bootDirectory: string, steps: readonly SwitchStep[]): void {
  if (steps.length === 0) return;
  const directory = entriesDirectory(bootDirectory);
  disk.ensureDirectory(directory, 0o755);
  disk.barrier(directory);
  for (const step of steps) {
    if (step.kind === "write") writeEntry(disk, directory, step);
    else disk.removeTree(join(directory, step.fileName));
    disk.fsyncDirectory(directory);
  }
}

function writeEntry(disk: Durable, directory: string, { fileName, text }: { fileName: string; text: string }): void {
  const unfinished = join(directory, UNFINISHED);
  disk.removeTree(unfinished);
  const file = disk.create(unfinished, 0o644);
  try {
    file.write(Buffer.from(text, "utf8"));
    file.sync();
  } finally {
    file.close();
  }
  disk.renameNoReplace(unfinished, join(directory, fileName));
}
