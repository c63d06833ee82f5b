/** An OSTree repository of mode archive that is written to, in a directory of its own. */
import { dirname, join } from "node:path";
import { toText } from "../../bytes.ts";
import type { Durable, DurableFile } from "../../durable.ts";
import { AtomicError } from "../../errors.ts";
import {
  AT_FDCWD,
  close,
  isKernelError,
  O_DIRECTORY,
  O_RDONLY,
  open,
  readDirectory,
  readFile,
  statIfExists,
} from "../../linux/index.ts";
import { MAX_CONFIG, parseRepoMode } from "./repo-config.ts";
import type { Sha256 } from "./sha256.ts";
import { ostreeObjectPath } from "./source.ts";

/** What is written has its name only once `publish` has returned. */
export interface ExportTarget {
  readonly path: string;
  readonly disk: Durable;
  /** True when the repository has the object, or it is written already. */
  has(checksum: Sha256, type: ObjectType): boolean;
  /** Writes an object that it lacks. */
  add(checksum: Sha256, type: ObjectType, bytes: Uint8Array): void;
  /** Begins one whose bytes come in pieces; the caller closes it. */
  begin(checksum: Sha256, type: ObjectType): DurableFile;
  /** Gives what was written its name, durably; returns how many objects that were, and their bytes. */
  publish(): { objects: number; bytes: number };
}
type ObjectType = "commit" | "dirtree" | "dirmeta" | "filez";

const CONFIG = "[core]\nrepo_version=1\nmode=archive-z2\n";
/** What the real ostree makes, too. */
const DIRECTORIES = ["extensions", "objects", "refs/heads", "refs/mirrors", "refs/remotes", "state", "tmp/cache"];
/** What may be there of a repository that was never finished. */
const OWN_NAMES = new Set([".lock", ...DIRECTORIES.map((name) => name.split("/")[0]!)]);
const STAGING = "tmp/atomic-export";

/**
 * Opens the repository in `path`, or makes one in a directory that is absent or empty. The caller holds its lock.
 * @throws AtomicError unsupported (another mode), conflict (the directory holds something else)
 */
export function openExportTarget(path: string, disk: Durable): ExportTarget {
  const staging = join(path, STAGING);
  const written = new Map<string, string>();
  prepare(path, disk);
  disk.removeTree(staging);
  disk.mkdir(staging, 0o755);
  const begin = (checksum: Sha256, type: ObjectType): DurableFile => {
    const name = `${checksum}.${type}`;
    written.set(name, join(path, ostreeObjectPath(checksum, type)));
    return disk.create(join(staging, name), 0o644);
  };
  return {
    path,
    disk,
    begin,
    has: (checksum, type) =>
      written.has(`${checksum}.${type}`) ||
      statIfExists(AT_FDCWD, join(path, ostreeObjectPath(checksum, type))) !== undefined,
    add(checksum, type, bytes) {
      const file = begin(checksum, type);
      try {
        file.write(bytes);
      } finally {
        file.close();
      }
    },
    publish() {
      disk.barrier(path);
      let bytes = 0;
      for (const [name, to] of written) {
        bytes += statIfExists(AT_FDCWD, join(staging, name))?.size ?? 0;
        disk.ensureDirectory(dirname(to), 0o755);
        disk.rename(join(staging, name), to);
      }
      disk.rmdir(staging);
      disk.barrier(path);
      return { objects: written.size, bytes };
    },
  };
}

/** `config` is written last, so that a half-made repository is none. */
function prepare(path: string, disk: Durable): void {
  const config = configOf(path);
  if (config !== undefined) {
    const mode = parseRepoMode(config, path);
    if (mode === "archive") return;
    throw new AtomicError("unsupported", `exporting to ${path}: expected mode archive, found ${mode}`, {
      hint: `ostree init --mode=archive --repo=DIR`,
    });
  }
  const foreign = namesIn(path).find((name) => !OWN_NAMES.has(name));
  if (foreign !== undefined)
    throw new AtomicError("conflict", `exporting to ${path}: it is no OSTree repository, but holds ${foreign}`);
  for (const name of DIRECTORIES) disk.ensureDirectory(join(path, name), 0o755);
  disk.replaceFile(join(path, "config"), Buffer.from(CONFIG), 0o644);
}

function configOf(path: string): string | undefined {
  try {
    return readFile(join(path, "config"), MAX_CONFIG).toString("utf8");
  } catch (error) {
    if (isKernelError(error, "ENOENT")) return undefined;
    throw error;
  }
}

function namesIn(path: string): string[] {
  const fd = open(path, O_RDONLY | O_DIRECTORY);
  try {
    return readDirectory(fd).map(({ name }) => toText(name));
  } finally {
    close(fd);
  }
}
