/** Durable operations that are several in a row. */
import { posix } from "node:path";
import { type ByteString, fromBytes, fromText, toBytes } from "./bytes.ts";
import { type Step, Stopped } from "./durable-step.ts";
import type { Durable } from "./durable-types.ts";
import {
  AT_FDCWD,
  isKernelError,
  namesIn,
  type PathArg,
  S_IFDIR,
  S_IFMT,
  statIfExists,
  unlinkAt,
  visitPostOrder,
} from "./linux/index.ts";

/** Bytes of the name kept in a temporary name, so that it fits NAME_MAX. */
const TEMPORARY_STEM = 200;
const TEMPORARY = /^\..+\.[0-9a-z]{1,8}\.tmp$/;

/** Makes a directory and its missing parents, all with `mode`; one that exists keeps its mode. @throws KernelError */
export function ensureDirectory(disk: Durable, path: PathArg, mode: number): void {
  if (typeAt(path) === S_IFDIR) return;
  const parent = parentOf(path);
  if (typeAt(parent) === undefined) ensureDirectory(disk, parent, mode);
  try {
    disk.mkdir(path, mode);
  } catch (error) {
    // Another process may have been faster.
    if (!isKernelError(error, "EEXIST") || typeAt(path) !== S_IFDIR) throw error;
  }
}

/** Removes whatever is there, each name an operation; refuses to enter another mount. @throws KernelError */
export function removeTree(disk: Durable, step: Step, path: PathArg): void {
  const type = typeAt(path);
  if (type === undefined) return;
  if (type !== S_IFDIR) return disk.unlink(path);
  visitPostOrder(path, (entry) => {
    const kind = entry.isDirectory ? "rmdir" : "unlink";
    const options = { directory: entry.isDirectory };
    step({ kind, path: entry.path }, () => unlinkAt(entry.dirFd, toBytes(entry.name), options));
  });
  disk.rmdir(path);
}

/** Gives `path` new content in one step for readers, through a file beside it. @throws KernelError */
export function replaceFile(disk: Durable, path: PathArg, { bytes, mode }: { bytes: Uint8Array; mode: number }): void {
  const temporary = temporaryBeside(path);
  const file = disk.create(temporary, mode);
  try {
    try {
      file.write(bytes);
      file.sync();
    } finally {
      file.close();
    }
    disk.rename(temporary, path);
  } catch (error) {
    if (!(error instanceof Stopped)) discard(disk, temporary);
    throw error;
  }
  disk.fsyncDirectory(parentOf(path));
}

/** Removes what crashes in `replaceFile` left in a directory in which nobody is writing now. @throws KernelError */
export function removeTemporaries(disk: Durable, directory: string): void {
  for (const name of namesIn(directory)) {
    if (TEMPORARY.test(name)) disk.unlink(Buffer.concat([Buffer.from(`${directory}/`), toBytes(name)]));
  }
}

/** Cleans up after an error; that error says more than a failure to clean up would. */
function discard(disk: Durable, path: PathArg): void {
  try {
    disk.unlink(path);
  } catch (error) {
    if (!isKernelError(error)) throw error;
  }
}

/** The `S_IF…` type of what `path` itself names; undefined when nothing is there. */
function typeAt(path: PathArg): number | undefined {
  const stat = statIfExists(AT_FDCWD, path);
  return stat && stat.mode & S_IFMT;
}

function parentOf(path: PathArg): Buffer {
  return toBytes(posix.dirname(byteString(path)) as ByteString);
}

function temporaryBeside(path: PathArg): Buffer {
  const { dir, base } = posix.parse(byteString(path));
  const random = Math.random().toString(36).slice(2, 10);
  return toBytes(posix.join(dir, `.${base.slice(0, TEMPORARY_STEM)}.${random}.tmp`) as ByteString);
}

function byteString(path: PathArg): ByteString {
  return typeof path === "string" ? fromText(path) : fromBytes(path);
}
