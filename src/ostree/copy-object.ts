/** Bringing an object from another store, checked on arrival. */
import type { Checksum } from "../digest.ts";
import { AtomicError } from "../errors.ts";
import { close } from "../linux/index.ts";
import type { ObjectType } from "./object-path.ts";
import { measureFile, openObject } from "./object-store.ts";
import type { Repo } from "./repo.ts";
import { noteStaged, OBJECT_MODE, stagedFile, type Transaction } from "./transaction.ts";

/**
 * Stages the object from `source`; it shares disk blocks where the filesystem can.
 * @returns its size in bytes
 * @throws AtomicError not-found, corrupt (the source's bytes do not hash to the name), no-space
 */
export function copyObject(transaction: Transaction, source: Repo, checksum: Checksum, type: ObjectType): number {
  const { disk } = transaction.repo;
  const path = stagedFile(transaction, checksum, type);
  const fd = openObject(source, checksum, type);
  try {
    disk.copy(fd, path, OBJECT_MODE);
  } finally {
    close(fd);
  }
  const found = measureFile(path);
  if (found.checksum !== checksum) {
    disk.unlink(path);
    throw new AtomicError(
      "corrupt",
      `copying ${type} from ${source.path}: expected ${checksum}, found ${found.checksum}`,
      {
        hint: `atomic repo fsck --repo ${source.path}`,
      },
    );
  }
  noteStaged(transaction, checksum, type, found.size);
  return found.size;
}
