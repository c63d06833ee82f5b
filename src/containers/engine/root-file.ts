/** Reading a file of a container's root, wherever its symlinks lead: never outside. */
import {
  close,
  fstat,
  isKernelError,
  O_DIRECTORY,
  O_NONBLOCK,
  O_PATH,
  O_RDONLY,
  open,
  openAt2,
  read,
  RESOLVE_IN_ROOT,
  S_IFMT,
  S_IFREG,
} from "../../linux/index.ts";

const MAX_BYTES = 1 << 20;

/** The text of a regular file of at most 1 MiB; undefined for anything else. */
export function readRootFile(root: string, path: string): string | undefined {
  const directory = open(root, O_PATH | O_DIRECTORY);
  try {
    const fd = openAt2(directory, path, { flags: O_RDONLY | O_NONBLOCK, resolve: RESOLVE_IN_ROOT });
    try {
      const { mode, size } = fstat(fd);
      if ((mode & S_IFMT) !== S_IFREG || size > MAX_BYTES) return undefined;
      const buffer = Buffer.alloc(size);
      return buffer.toString("utf8", 0, read(fd, buffer));
    } finally {
      close(fd);
    }
  } catch (error) {
    if (isKernelError(error)) return undefined;
    throw error;
  } finally {
    close(directory);
  }
}
