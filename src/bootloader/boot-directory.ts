/**
 * What a boot directory holds for loaders: every file of `loader/entries`, ours and those of others.
 */
import { isUtf8 } from "node:buffer";
import { join } from "node:path";
import { toText } from "../bytes.ts";
import { AtomicError, isAtomicError } from "../errors.ts";
import { namesIn, readFile } from "../linux/index.ts";
import { MAX_ENTRY_SIZE, parseBlsEntry } from "./bls-entry.ts";
import { readBootEntry } from "./boot-entry.ts";
import type { InstalledEntry } from "./boot-entry.ts";
import { parseEntryName } from "./entry-name.ts";
import { sortEntries } from "./sort.ts";
import type { LoaderEntry } from "./sort.ts";

export interface BootFile {
  fileName: string;
  /** Present when a loader would list the file. */
  loaderEntry?: LoaderEntry;
  /** Why a loader would not. */
  problem?: string;
}

/** Far above what any loader shows; bounds the work a hostile directory can cause. */
const MAX_FILES = 4096;

/** Where entries are, below the boot directory. */
export function entriesDirectory(bootDirectory: string): string {
  return join(bootDirectory, "loader/entries");
}

/**
 * Every file in the boot directory's `loader/entries`, sorted by name; none when there is no such directory.
 * @throws AtomicError invalid when there are too many; KernelError when one cannot be read
 */
export function readBootDirectory(bootDirectory: string): BootFile[] {
  const directory = entriesDirectory(bootDirectory);
  const names = namesIn(directory);
  if (names.length > MAX_FILES) {
    throw new AtomicError(
      "invalid",
      `listing ${directory}: expected at most ${MAX_FILES} files, found ${names.length}`,
    );
  }
  return names.map((name) => readBootFile(directory, toText(name)));
}

/** Our entries among `files`, in the loader's order: the first is the default unless an entry of others is. */
export function installedEntries(files: readonly BootFile[], prefix: string): InstalledEntry[] {
  const entries = sortEntries(files.flatMap(({ loaderEntry }) => loaderEntry ?? []));
  return entries.flatMap((entry) => readBootEntry(entry, prefix) ?? []);
}

function readBootFile(directory: string, fileName: string): BootFile {
  try {
    const name = parseEntryName(fileName);
    // 4 bytes hold any character
    const bytes = readFile(join(directory, fileName), 4 * MAX_ENTRY_SIZE);
    if (!isUtf8(bytes)) throw new AtomicError("invalid", `reading boot entry ${fileName}: not UTF-8`);
    return {
      fileName,
      loaderEntry: { name, entry: parseBlsEntry(bytes.toString("utf8")) },
    };
  } catch (error) {
    // not-found: renamed by systemd-bless-boot since it was listed
    if (isAtomicError(error, "invalid") || isAtomicError(error, "not-found"))
      return { fileName, problem: error.message };
    throw error;
  }
}
