import type { ByteString } from "../bytes.ts";
import { readDirectory } from "./directory.ts";
import { isKernelError } from "./errno.ts";
import { close, open } from "./files.ts";
import { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } from "./flags.ts";

/** The names in a directory, sorted; none when it does not exist. A symlink is refused. @throws KernelError */
export function namesIn(path: string): ByteString[] {
  let fd: number;
  try {
    fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  } catch (error) {
    if (isKernelError(error, "ENOENT")) return [];
    throw error;
  }
  try {
    return readDirectory(fd)
      .map(({ name }) => name)
      .sort();
  } finally {
    close(fd);
  }
}
