/** Refs: names for commits, one file each below `refs/`. */
import { dirname, join } from "node:path";
import { toText } from "../bytes.ts";
import { type Checksum, parseChecksum } from "../digest.ts";
import { AtomicError, isAtomicError } from "../errors.ts";
import {
  AT_FDCWD,
  close,
  isKernelError,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_RDONLY,
  open,
  readDirectory,
  readFile,
  S_IFDIR,
  S_IFMT,
  statIfExists,
} from "../linux/index.ts";
import type { Repo } from "./repo.ts";

declare const brand: unique symbol;
/** A checked ref name: `[A-Za-z0-9._+:@-]` components joined by `/`, as ostree's, none starting with a dot. */
export type RefName = string & { readonly [brand]: "ref" };

const MAX_REF = 255;
const COMPONENT = /^[A-Za-z0-9_+:@-][A-Za-z0-9._+:@-]*$/;

/** Checks a ref name. @throws AtomicError usage on `..`, empty parts, other characters or more than 255 bytes */
export function parseRefName(text: string): RefName {
  if (text.length > MAX_REF || !text.split("/").every((part) => COMPONENT.test(part))) {
    throw new AtomicError(
      "usage",
      `reading ref ${JSON.stringify(text)}: expected letters, digits and ._+:@- in parts joined by /`,
      {
        hint: "atomic repo refs",
      },
    );
  }
  return text as RefName;
}

/** The commit a ref names, or undefined. @throws AtomicError corrupt when the file holds anything else */
export function readRef(repo: Repo, ref: RefName): Checksum | undefined {
  if (isDirectory(refFile(repo, ref))) return undefined;
  let text: string;
  try {
    text = readFile(refFile(repo, ref), 256).toString("latin1");
  } catch (error) {
    if (isKernelError(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
  try {
    return parseChecksum(text.trimEnd());
  } catch (cause) {
    throw new AtomicError(
      "corrupt",
      `reading ref ${ref} in ${repo.path}: expected a checksum, found ${JSON.stringify(text.slice(0, 80))}`,
      {
        cause,
        hint: `atomic repo refs --delete ${ref} --repo ${repo.path}`,
      },
    );
  }
}

/** Points `ref` at `commit`, durably. @throws AtomicError conflict when another ref is in the way (`a` and `a/b`) */
export function writeRef(repo: Repo, ref: RefName, commit: Checksum): void {
  const path = refFile(repo, ref);
  try {
    repo.disk.ensureDirectory(dirname(path), 0o755);
    repo.disk.replaceFile(path, Buffer.from(`${commit}\n`), 0o644);
  } catch (error) {
    if (!isKernelError(error, "ENOTDIR", "EISDIR", "EEXIST")) throw error;
    throw new AtomicError("conflict", `writing ref ${ref} in ${repo.path}: a ref of that prefix exists`, {
      cause: error,
      hint: `atomic repo refs --repo ${repo.path}`,
    });
  }
}

/** Removes a ref; its objects stay until pruned. @throws AtomicError not-found */
export function deleteRef(repo: Repo, ref: RefName): void {
  if (readRef(repo, ref) === undefined) {
    throw new AtomicError("not-found", `deleting ref ${ref}: not in ${repo.path}`, {
      hint: `atomic repo refs --repo ${repo.path}`,
    });
  }
  repo.disk.unlink(refFile(repo, ref));
  repo.disk.fsyncDirectory(dirname(refFile(repo, ref)));
}

/** All refs at or below `prefix`, sorted by name; `commit` is undefined where the file holds no checksum. */
export function listRefs(repo: Repo, prefix = ""): { ref: RefName; commit: Checksum | undefined }[] {
  return refNamesBelow(join(repo.path, "refs"), "", prefix)
    .sort()
    .map((name) => ({ ref: name as RefName, commit: commitOrUndefined(repo, name as RefName) }));
}

function commitOrUndefined(repo: Repo, ref: RefName): Checksum | undefined {
  try {
    return readRef(repo, ref);
  } catch (error) {
    if (isAtomicError(error, "corrupt")) return undefined;
    throw error;
  }
}

/**
 * The names of all ref files below `directory`, in no particular order.
 * @param prefix goes before each name
 * @param wanted only those that are called so, or are below it
 */
export function refNamesBelow(directory: string, prefix = "", wanted = ""): string[] {
  const fd = open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  try {
    return readDirectory(fd).flatMap(({ name }) => {
      const text = toText(name);
      if (!COMPONENT.test(text)) return []; // a temporary file of an interrupted write
      const [path, full] = [join(directory, text), `${prefix}${text}`];
      const isWanted = wanted === "" || full === wanted || full.startsWith(`${wanted}/`);
      if (!isWanted && !wanted.startsWith(`${full}/`)) return [];
      if (isDirectory(path)) return refNamesBelow(path, `${full}/`, wanted);
      return isWanted ? [full] : [];
    });
  } finally {
    close(fd);
  }
}

function isDirectory(path: string): boolean {
  return ((statIfExists(AT_FDCWD, path)?.mode ?? 0) & S_IFMT) === S_IFDIR;
}

function refFile(repo: Repo, ref: RefName): string {
  return join(repo.path, "refs", ref);
}
