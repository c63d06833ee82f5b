/** An OSTree repository in a directory. */
import { join } from "node:path";
import { AtomicError } from "../../errors.ts";
import {
  AT_FDCWD,
  close,
  isKernelError,
  O_NOFOLLOW,
  O_RDONLY,
  open,
  read,
  readFile,
  S_IFMT,
  S_IFREG,
  statIfExists,
} from "../../linux/index.ts";
import { readArchiveFile } from "./archive-file.ts";
import { readBareFile } from "./bare-file.ts";
import { fileChunks } from "./file-chunks.ts";
import { parseContentSize, SIZE_END } from "./file-header.ts";
import { MAX_CONFIG, parseRepoMode } from "./repo-config.ts";
import type { Sha256 } from "./sha256.ts";
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
  const notFound = (checksum: Sha256, cause?: unknown): AtomicError =>
    new AtomicError("not-found", `reading file ${checksum}: not in ${directory}`, {
      cause,
      hint: `ostree fsck --repo=${directory}`,
    });
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
        throw notFound(checksum, error);
      }
    },
    async measure(checksum) {
      const path = join(directory, ostreeObjectPath(checksum, mode === "archive" ? "filez" : "file"));
      const stat = statIfExists(AT_FDCWD, path);
      if (stat === undefined) throw notFound(checksum);
      if (mode === "archive") return { stored: stat.size, content: parseContentSize(readStart(path)) };
      return { stored: stat.size, content: (stat.mode & S_IFMT) === S_IFREG ? stat.size : 0 };
    },
    close: () => undefined,
  };
}

/** As much of a `.filez` as says its size. */
function readStart(path: string): Buffer {
  const fd = open(path, O_RDONLY | O_NOFOLLOW);
  try {
    const start = Buffer.alloc(SIZE_END);
    return start.subarray(0, read(fd, start));
  } finally {
    close(fd);
  }
}

function readIfThere(path: string, max: number): Buffer | undefined {
  try {
    return readFile(path, max);
  } catch (error) {
    if (isKernelError(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
}
