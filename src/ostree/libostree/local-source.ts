/** An OSTree repository in a directory. */
import { join } from "node:path";
import { AtomicError } from "../../errors.ts";
import { isKernelError, readFile } from "../../linux/index.ts";
import { readArchiveFile } from "./archive-file.ts";
import { readBareFile } from "./bare-file.ts";
import { fileChunks } from "./file-chunks.ts";
import { MAX_CONFIG, parseRepoMode } from "./repo-config.ts";
import { ostreeObjectPath, type OstreeSource } from "./source.ts";

/** Opens the repository in `directory`. @throws AtomicError not-found, unsupported */
export function openLocalSource(directory: string): OstreeSource {
  const config = readIfThere(join(directory, "config"), MAX_CONFIG);
  if (config === undefined) {
    throw new AtomicError("not-found", `opening the OSTree repository ${directory}: it has no config`, {
      hint: `ls -l ${directory}`,
    });
  }
  const mode = parseRepoMode(config.toString("utf8"), directory);
  return {
    where: directory,
    isRemote: false,
    read: (path, max) => Promise.resolve(readIfThere(join(directory, path), max)),
    async file(checksum) {
      const path = join(directory, ostreeObjectPath(checksum, mode === "archive" ? "filez" : "file"));
      try {
        return await (mode === "archive" ? readArchiveFile(fileChunks(path), path) : readBareFile(path, mode));
      } catch (error) {
        if (!isKernelError(error, "ENOENT")) throw error;
        throw new AtomicError("not-found", `reading file ${checksum}: not in ${directory}`, {
          cause: error,
          hint: `ostree fsck --repo=${directory}`,
        });
      }
    },
    close: () => undefined,
  };
}

function readIfThere(path: string, max: number): Buffer | undefined {
  try {
    return readFile(path, max);
  } catch (error) {
    if (isKernelError(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
}
