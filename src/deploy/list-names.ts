import { toText } from "../bytes.ts";
import { isKernelError, namesIn } from "../linux/index.ts";

/** The names in the directory `path`, sorted; none when it does not exist or is no directory. */
export function listNames(path: string): string[] {
  try {
    return namesIn(path).map(toText);
  } catch (error) {
    if (isKernelError(error, "ENOTDIR")) return [];
    throw error;
  }
}
