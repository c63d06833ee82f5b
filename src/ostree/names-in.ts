import { close, isKernelError, O_DIRECTORY, O_NOFOLLOW, O_RDONLY, open, readDirectory } from "../linux/index.ts";

/** The names in a directory, in no particular order; none when it does not exist. */
export function namesIn(path: string): string[] {
  let fd: number;
  try {
    fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  } catch (error) {
    if (isKernelError(error, "ENOENT")) return [];
    throw error;
  }
  try {
    return readDirectory(fd).map(({ name }) => name);
  } finally {
    close(fd);
  }
}
