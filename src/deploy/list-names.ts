/** The names in a directory. */
import { toText } from "../bytes.ts";
import { close, isKernelError, O_DIRECTORY, O_NOFOLLOW, O_RDONLY, open, readDirectory } from "../linux/index.ts";

/** The names in the directory `path`, sorted; none when it does not exist or is no directory. A symlink is refused. */
export function listNames(path: string): string[] {
  let fd: number;
  try {
    fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  } catch (error) {
    if (isKernelError(error, "ENOENT", "ENOTDIR")) return [];
    throw error;
  }
  try {
    return readDirectory(fd)
      .map(({ name }) => toText(name))
      .sort();
  } finally {
    close(fd);
  }
}
