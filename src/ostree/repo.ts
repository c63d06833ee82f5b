/**
 * The tree store on disk:
 *
 *     format.json            version and feature flags
 *     lock                   flock: one writer at a time
 *     objects/XX/<62 hex>.{file,dirtree,commit}
 *     refs/<name>            64 hex digits and a newline
 *     staging/               objects of the running transaction; removed by the next one
 *     incoming/              objects of a pull that is not complete
 *     importing/             the same of a commit of OSTree
 *     remotes/, signatures/  where to pull from; who signed which commit
 *     summary, packs/        what is published for others to pull
 *     cache/                 derived data, safe to delete
 *
 * `objects/` is root-only: objects carry no permissions of their own, the images that lead to them do.
 */
import { join } from "node:path";
import type { Checksum } from "../digest.ts";
import type { Durable } from "../durable.ts";
import { AtomicError } from "../errors.ts";
import { isKernelError, readFile } from "../linux/index.ts";
import { formatText, parseFormat } from "../format.ts";
import type { ObjectType } from "./object-path.ts";

export interface Repo {
  /** Absolute path of the store. */
  readonly path: string;
  /** The only way this store is written. */
  readonly disk: Durable;
  /** A read-only-compatible feature we do not know: reading is safe, writing is not. */
  readonly readOnly: boolean;
  /** Where an object lies that was downloaded but is not in the store yet: only while it is being pulled. */
  readonly incoming?: (checksum: Checksum, type: ObjectType) => string | undefined;
}

const DIRECTORIES = [
  ["objects", 0o700],
  ["refs", 0o755],
  ["cache", 0o700],
] as const;

/**
 * Makes an empty store; `format.json` appears last, so a half-made store is not one.
 * @throws AtomicError exists when there is a store already
 */
export function initRepo(path: string, disk: Durable): Repo {
  if (readFormat(path) !== undefined) {
    throw new AtomicError("exists", `making store ${path}: there is one already`, {
      hint: `atomic repo refs --repo ${path}`,
    });
  }
  disk.ensureDirectory(path, 0o755);
  for (const [name, mode] of DIRECTORIES) disk.ensureDirectory(join(path, name), mode);
  disk.create(join(path, "lock"), 0o644).close();
  disk.replaceFile(join(path, "format.json"), Buffer.from(formatText()), 0o644);
  return { path, disk, readOnly: false };
}

/**
 * Opens a store.
 * @throws AtomicError not-found when there is none, unsupported when a newer atomic wrote it in a way we cannot read
 */
export function openRepo(path: string, disk: Durable): Repo {
  const text = readFormat(path);
  if (text === undefined) {
    throw new AtomicError("not-found", `opening store ${path}: there is none`, {
      hint: `atomic repo init --repo ${path}`,
    });
  }
  return { path, disk, readOnly: parseFormat(text, path).readOnly };
}

function readFormat(path: string): string | undefined {
  try {
    return readFile(join(path, "format.json"), 64 * 1024).toString("utf8");
  } catch (error) {
    if (isKernelError(error, "ENOENT")) return undefined;
    throw error;
  }
}
