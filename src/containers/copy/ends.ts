/** The two ends of a copy: a path below a root that nothing leads out of. */
import { type ByteString, toPath } from "../../bytes.ts";
import { AtomicError } from "../../errors.ts";
import {
  close,
  isKernelError,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  openAt2,
  readlinkAt,
  RESOLVE_IN_ROOT,
  S_IFLNK,
  S_IFMT,
  type Stat,
  statIfExists,
} from "../../linux/index.ts";

/** A root, and a path in it: a container's, or the host's own. */
export interface End {
  /** Of the root directory. */
  rootFd: number;
  /** Relative ones begin at the root. */
  path: ByteString;
  /** For messages: `web:/etc` or a path of the host. */
  shown: string;
}

/** A name in an open directory. */
export interface Place {
  directoryFd: number;
  name: ByteString;
  /** What is there, never a symlink; undefined when nothing is. */
  stat: Stat | undefined;
}

/** Linux follows as many. */
const MAX_LINKS = 40;

/** Opens what a path names, inside the root whatever its symlinks say. @param follow the last component too */
export function openEnd({ rootFd, path, shown }: End, follow: boolean): number {
  try {
    return openAt2(rootFd, toPath(path), { flags: O_PATH | (follow ? 0 : O_NOFOLLOW), resolve: RESOLVE_IN_ROOT });
  } catch (error) {
    if (!isKernelError(error, "ENOENT", "ENOTDIR", "ELOOP")) throw error;
    throw new AtomicError(
      "not-found",
      `copying ${shown}: ${isKernelError(error, "ENOENT") ? "there is no such file" : "its path leads nowhere"}`,
      { cause: error },
    );
  }
}

/** The directory a path names; undefined when it names none. The caller closes it. */
export function openDirectoryEnd({ rootFd, path }: End): number | undefined {
  try {
    return openAt2(rootFd, toPath(path), { flags: O_PATH | O_DIRECTORY, resolve: RESOLVE_IN_ROOT });
  } catch (error) {
    if (isKernelError(error, "ENOENT", "ENOTDIR", "ELOOP")) return undefined;
    throw error;
  }
}

/**
 * Where something is to be written that is no directory yet: a last symlink is followed, inside the root. The caller
 * closes the directory.
 * @throws AtomicError not-found when there is no directory to write it to
 */
export function placeOf(end: End): Place {
  let { path } = end;
  for (let links = 0; links <= MAX_LINKS; links += 1) {
    const trimmed = path.replace(/\/+$/, "");
    const at = trimmed.lastIndexOf("/") + 1;
    const [above, name] = [trimmed.slice(0, at), trimmed.slice(at)] as [ByteString, ByteString];
    const directoryFd = openDirectoryEnd({ ...end, path: above === "" ? ("." as ByteString) : above });
    if (directoryFd === undefined || name === "" || name === "." || name === "..") {
      if (directoryFd !== undefined) close(directoryFd);
      throw new AtomicError("not-found", `copying to ${end.shown}: there is no directory to copy it to`);
    }
    const stat = statIfExists(directoryFd, toPath(name));
    if (stat === undefined || (stat.mode & S_IFMT) !== S_IFLNK) return { directoryFd, name, stat };
    const target = readlinkAt(directoryFd, toPath(name));
    close(directoryFd);
    path = (target.startsWith("/") ? target : `${above}${target}`) as ByteString;
  }
  throw new AtomicError("invalid", `copying to ${end.shown}: too many symlinks`);
}
