/** A small file's whole content. */
import { AtomicError } from "../errors.ts";
import { isKernelError } from "./errno.ts";
import { close, open, read } from "./files.ts";
import { O_CLOEXEC, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } from "./flags.ts";
import type { PathArg } from "./path.ts";
import { shownPath } from "./path.ts";
import { fstat, S_IFMT, S_IFREG } from "./stat.ts";

/** How a path is gone. */
interface Following {
  /** Follow a symlink in the last component: right for files that the host's administrator names. */
  follow?: boolean;
}

/**
 * Reads the regular file at `path`, whose last component is not followed unless told to.
 * @param max the most bytes the caller accepts
 * @throws KernelError not-found and others; AtomicError invalid when it is larger or no regular file
 */
export function readFile(path: PathArg, max: number, { follow = false }: Following = {}): Buffer {
  const fd = open(path, O_RDONLY | (follow ? 0 : O_NOFOLLOW) | O_NONBLOCK | O_CLOEXEC);
  try {
    const { mode, size } = fstat(fd);
    if ((mode & S_IFMT) !== S_IFREG) throw new AtomicError("invalid", `reading ${shownPath(path)}: not a regular file`);
    if (size > max) {
      throw new AtomicError("invalid", `reading ${shownPath(path)}: expected at most ${max} bytes, found ${size}`);
    }
    const bytes = Buffer.allocUnsafe(size);
    return bytes.subarray(0, read(fd, bytes));
  } finally {
    close(fd);
  }
}

/** The same; undefined when there is no such file. */
export function readFileIfExists(path: PathArg, max: number, following: Following = {}): Buffer | undefined {
  try {
    return readFile(path, max, following);
  } catch (error) {
    if (isKernelError(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
}
