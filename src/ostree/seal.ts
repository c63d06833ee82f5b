/** Sealing objects with fs-verity, so that the kernel checks every read of them from then on. */
import { AtomicError, isAtomicError } from "../errors.ts";
import { close, isKernelError, measureVerity, O_NOFOLLOW, O_RDONLY, open } from "../linux/index.ts";
import { noProgress, type Progress } from "../progress.ts";
import { listObjects } from "./list-objects.ts";
import { withRepoLock } from "./lock.ts";
import { measureObject, objectFile } from "./object-store.ts";
import type { Repo } from "./repo.ts";

export interface SealReport {
  /** File objects that were sealed now, and that had been before. */
  sealed: number;
  already: number;
}

/**
 * Seals files where the filesystem can; where it cannot, they stay as they are.
 * @throws KernelError when the kernel refuses for another reason
 */
export function sealFiles({ disk }: Repo, paths: Iterable<string>): void {
  try {
    for (const path of paths) disk.enableVerity(path);
  } catch (error) {
    if (!isAtomicError(error, "unsupported")) throw error; // what holds for one holds for all
  }
}

/**
 * Seals every file object of a store, each checked against its name first: what is sealed can no longer be changed.
 * For stores that were filled where fs-verity was lacking, as that of an installed disk.
 * @throws AtomicError unsupported when the filesystem cannot, corrupt, locked, read-only
 */
export async function sealStore(
  repo: Repo,
  { progress = noProgress }: { progress?: Progress } = {},
): Promise<SealReport> {
  return withRepoLock(repo, () => {
    const task = progress.start("sealing objects", { unit: "items" });
    const report: SealReport = { sealed: 0, already: 0 };
    for (const { checksum, type } of listObjects(repo)) {
      if (type !== "file") continue; // the others are hashed whenever they are read
      const path = objectFile(repo, checksum, type);
      task.advance();
      if (isSealed(path)) {
        report.already++;
        continue;
      }
      const found = measureObject(repo, checksum, type).checksum;
      if (found !== checksum) {
        throw new AtomicError("corrupt", `sealing file ${checksum} in ${repo.path}: its bytes hash to ${found}`, {
          hint: `atomic repo fsck --repo ${repo.path} --repair --from OTHER`,
        });
      }
      repo.disk.enableVerity(path);
      report.sealed++;
    }
    task.finish();
    repo.disk.barrier(repo.path);
    return report;
  });
}

/** @throws KernelError unsupported */
function isSealed(path: string): boolean {
  const fd = open(path, O_RDONLY | O_NOFOLLOW);
  try {
    measureVerity(fd);
    return true;
  } catch (error) {
    if (isKernelError(error, "ENODATA")) return false;
    throw error;
  } finally {
    close(fd);
  }
}
