/** One command at a time changes a container. */
import { close, flock, isKernelError, O_DIRECTORY, O_RDONLY, open } from "../../linux/index.ts";
import { dataDirectory, type Engine } from "./place.ts";
import { type NamedContainer, noContainer, readNamed } from "./record.ts";

/**
 * Locks a container; the kernel drops the lock with this process.
 * @returns what unlocks it
 * @throws AtomicError not-found when it is gone by now; locked when it shall not wait for another who holds it
 */
export function lockContainer(
  engine: Engine,
  { name, id }: NamedContainer,
  { wait = true }: { wait?: boolean } = {},
): () => void {
  const fd = openDirectory(dataDirectory(engine, name));
  if (fd === undefined) throw noContainer(name);
  try {
    flock(fd, "exclusive", { nonblocking: !wait });
    if (readNamed(engine, name).id !== id) throw noContainer(name); // another has taken its place
    return () => close(fd);
  } catch (error) {
    close(fd);
    throw error;
  }
}

function openDirectory(path: string): number | undefined {
  try {
    return open(path, O_RDONLY | O_DIRECTORY);
  } catch (error) {
    if (isKernelError(error, "ENOENT")) return undefined;
    throw error;
  }
}
