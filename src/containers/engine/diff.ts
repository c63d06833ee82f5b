/** What a container changed of its image: its layer, compared. */
import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import { toBytes } from "../../bytes.ts";
import {
  close,
  isKernelError,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  open,
  openAt2,
  RESOLVE_BENEATH,
  RESOLVE_NO_SYMLINKS,
  S_IFCHR,
  S_IFMT,
  S_IFREG,
  statAt,
  visitPostOrder,
} from "../../linux/index.ts";
import { openImage } from "./image-mount.ts";
import { dataDirectory, type Engine } from "./place.ts";
import { plainImage } from "./plain-image.ts";
import type { NamedContainer } from "./record.ts";

export interface RootChange {
  kind: "added" | "changed" | "deleted";
  /** In the container. */
  path: string;
}

/** Files that something of every container's own is mounted on, made where the image has none. */
const OWN = ["etc/hosts", "etc/hostname", "etc/resolv.conf"];

/** Every name that differs from the image, by path; a directory counts as changed when something in it did. */
export function containerChanges(engine: Engine, { name, commit, id, idMaps }: NamedContainer): RootChange[] {
  const upper = join(dataDirectory(engine, name), "upper");
  if (!existsSync(upper)) return [];
  const image =
    engine.userIds === undefined
      ? openImage(engine, commit, id)
      : open(plainImage(engine, commit, idMaps), O_PATH | O_DIRECTORY);
  try {
    const changes: RootChange[] = [];
    visitPostOrder(upper, ({ dirFd, name: last, path }) => {
      const inside = relative(upper, path.toString("utf8"));
      const { mode, rdev, size } = statAt(dirFd, toBytes(last));
      if (size === 0 && (mode & S_IFMT) === S_IFREG && OWN.includes(inside)) return;
      const isWhiteout = (mode & S_IFMT) === S_IFCHR && Number(rdev) === 0;
      const isNew = !isIn(image, path.subarray(Buffer.byteLength(upper) + 1));
      // A whiteout of what the image never had hides nothing.
      if (isWhiteout && isNew) return;
      changes.push({ kind: isWhiteout ? "deleted" : isNew ? "added" : "changed", path: `/${inside}` });
    });
    return changes.sort((a, b) => (a.path < b.path ? -1 : 1));
  } finally {
    close(image);
  }
}

function isIn(image: number, path: Buffer): boolean {
  try {
    close(openAt2(image, path, { flags: O_PATH | O_NOFOLLOW, resolve: RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS }));
    return true;
  } catch (error) {
    if (isKernelError(error, "ENOENT", "ENOTDIR", "ELOOP")) return false;
    throw error;
  }
}
