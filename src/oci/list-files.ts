import { join } from "node:path";
import { compareBytes, toText } from "../bytes.ts";
import { close, isKernelError, O_DIRECTORY, O_RDONLY, open, readDirectory } from "../linux/index.ts";

/** The paths of a directory's entries whose names end so, in order of name; none when there is no such directory. */
export function listFiles(directory: string, ending: string): string[] {
  let fd: number;
  try {
    fd = open(directory, O_RDONLY | O_DIRECTORY);
  } catch (error) {
    if (isKernelError(error, "ENOENT")) return [];
    throw error;
  }
  try {
    const names = readDirectory(fd).map(({ name }) => name);
    return names
      .filter((name) => name.endsWith(ending))
      .sort(compareBytes)
      .map((name) => join(directory, toText(name)));
  } finally {
    close(fd);
  }
}
