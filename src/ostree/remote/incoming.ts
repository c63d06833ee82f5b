/**
 * `incoming/`: objects that were downloaded and are not in the store yet. They outlive an interrupted pull; what is found
 * there is hashed before it counts, since a power cut may have taken its bytes.
 */
import { join } from "node:path";
import { type Checksum, checksumOf, createHasher } from "../../digest.ts";
import { AtomicError, isAtomicError } from "../../errors.ts";
import { close, flock, isKernelError, namesIn, O_NOFOLLOW, O_RDONLY, open, read } from "../../linux/index.ts";
import { withFileLock } from "../lock.ts";
import { OBJECT_TYPES, type ObjectType } from "../object-path.ts";
import { measureFile } from "../object-store.ts";
import type { Repo } from "../repo.ts";
import { OBJECT_MODE } from "../transaction.ts";
import { FRAME, type PackFrame, type PackObject } from "./pack-index.ts";

export interface Incoming {
  /** Sizes of the objects that are here, by `<checksum>.<type>`. */
  readonly arrived: ReadonlyMap<string, number>;
  /** The names of what else is here: frame-rest.ts. */
  readonly others: ReadonlySet<string>;
  path(checksum: Checksum, type: ObjectType): string;
  /**
   * Takes a whole object, in pieces; those of one that is here already are read over.
   * @throws AtomicError corrupt when its bytes do not hash to its name, no-space
   */
  add(checksum: Checksum, type: ObjectType, pieces: Iterable<Uint8Array>): void;
  /** The same of an object in one piece. */
  addWhole(checksum: Checksum, type: ObjectType, bytes: Uint8Array): void;
  /** Begins a large object, or goes on with one whose first frames are here. */
  begin(object: PackObject, frames: readonly PackFrame[]): Part;
}
/** A large object on its way. */
export interface Part {
  /** How many of its frames are here already. */
  readonly frames: number;
  write(bytes: Uint8Array): void;
  /** All is there. @throws AtomicError corrupt */
  finish(): void;
  /** It will not be finished now. */
  abandon(): void;
}

const NAME = new RegExp(`^([0-9a-f]{64})\\.(${OBJECT_TYPES.join("|")})$`);
/** What is no object, and looked at by those who left it: use-delta.ts, kept-index.ts, frame-rest.ts. */
const OTHERS = /^(?:lock|[0-9a-f]{64}\.(?:delta|index)|[0-9a-f]{64}-[0-9]+\.rest)$/;
const DIRECTORY_MODE = 0o700;
/** While more is to be written to it. */
const PART_MODE = 0o600;

/** Runs `work` with what earlier pulls left; one pull at a time. @throws AtomicError locked */
export async function withIncoming<T>(repo: Repo, work: (incoming: Incoming) => Promise<T>): Promise<T> {
  const directory = join(repo.path, "incoming");
  repo.disk.ensureDirectory(directory, DIRECTORY_MODE);
  return withFileLock(join(directory, "lock"), () => work(openIncoming(repo, directory)));
}

/** Removes what is left after a pull. */
export function clearIncoming(repo: Repo): void {
  const directory = join(repo.path, "incoming");
  for (const name of namesIn(directory)) if (name !== "lock") repo.disk.unlink(join(directory, name));
}

/** True while somebody, perhaps another process, pulls into the store. */
export function isPulling(repo: Repo): boolean {
  let fd: number;
  try {
    fd = open(join(repo.path, "incoming/lock"), O_RDONLY | O_NOFOLLOW);
  } catch (error) {
    if (isKernelError(error, "ENOENT")) return false;
    throw error;
  }
  try {
    flock(fd, "exclusive", { nonblocking: true });
    return false;
  } catch (error) {
    if (isAtomicError(error, "locked")) return true;
    throw error;
  } finally {
    close(fd);
  }
}

function openIncoming({ disk }: Repo, directory: string): Incoming {
  const arrived = new Map<string, number>();
  const partial = new Set<string>();
  const others = new Set<string>();
  for (const name of namesIn(directory)) {
    const match = NAME.exec(name);
    const found = match === null ? undefined : measureFile(join(directory, name));
    if (found !== undefined && found.checksum === match![1]) arrived.set(name, found.size);
    else if (found !== undefined && found.size >= FRAME) partial.add(name);
    else if (OTHERS.test(name)) others.add(name);
    else disk.unlink(join(directory, name));
  }
  const path = (checksum: Checksum, type: ObjectType): string => join(directory, `${checksum}.${type}`);
  return {
    arrived,
    others,
    path,
    add(checksum, type, pieces) {
      const [name, target] = [`${checksum}.${type}`, path(checksum, type)];
      if (arrived.has(name)) {
        for (const _ of pieces);
        return;
      }
      if (partial.delete(name)) disk.unlink(target);
      const file = disk.create(target, OBJECT_MODE);
      const hasher = createHasher();
      let size = 0;
      try {
        for (const bytes of pieces) {
          hasher.update(bytes);
          file.write(bytes);
          size += bytes.length;
        }
      } catch (error) {
        disk.unlink(target);
        throw error;
      } finally {
        file.close();
      }
      const found = hasher.digest();
      if (found === checksum) return void arrived.set(name, size);
      disk.unlink(target);
      throw wrong(type, checksum, found);
    },
    addWhole(checksum, type, bytes) {
      const [name, target] = [`${checksum}.${type}`, path(checksum, type)];
      if (arrived.has(name)) return;
      const found = checksumOf(bytes);
      if (found !== checksum) throw wrong(type, checksum, found);
      if (partial.delete(name)) disk.unlink(target);
      const file = disk.create(target, OBJECT_MODE);
      try {
        file.write(bytes);
      } catch (error) {
        disk.unlink(target);
        throw error;
      } finally {
        file.close();
      }
      arrived.set(name, bytes.length);
    },
    begin({ checksum, type, size }, frames) {
      const [name, target] = [`${checksum}.${type}`, path(checksum, type)];
      const hasher = createHasher();
      let [have, filled] = [0, 0];
      if (partial.has(name)) {
        for (const bytes of intactFrames(target, frames)) {
          hasher.update(bytes);
          have += 1;
          filled += bytes.length;
        }
      }
      const file = partial.delete(name) ? disk.append(target, filled) : disk.create(target, PART_MODE);
      const write = (bytes: Uint8Array): void => {
        hasher.update(bytes);
        file.write(bytes);
      };
      return {
        frames: have,
        write,
        finish() {
          file.close();
          const found = hasher.digest();
          if (found === checksum) {
            disk.setMetadata(target, { mode: OBJECT_MODE });
            return void arrived.set(name, size);
          }
          disk.unlink(target);
          throw wrong(type, checksum, found);
        },
        abandon() {
          file.close();
          partial.add(name);
        },
      };
    },
  };
}

/** The leading frames of a large object that a file holds whole. */
function* intactFrames(path: string, frames: readonly PackFrame[]): Generator<Buffer> {
  const fd = open(path, O_RDONLY | O_NOFOLLOW);
  try {
    for (const { size, checksum } of frames) {
      const bytes = Buffer.allocUnsafe(size);
      if (read(fd, bytes) < size || checksumOf(bytes) !== checksum) return;
      yield bytes;
    }
  } finally {
    close(fd);
  }
}

function wrong(type: ObjectType, expected: Checksum, found: Checksum): AtomicError {
  return new AtomicError("corrupt", `receiving ${type} ${expected}: its bytes hash to ${found}`);
}
