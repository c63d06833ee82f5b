/** Renaming, the one atomic change of a filesystem. */
import { failure } from "./errno.ts";
import { cFunction } from "./libc.ts";
import type { Name } from "./link.ts";
import { cPath } from "./path.ts";

const renameat2 = cFunction<[number, Uint8Array, number, Uint8Array, number]>(
  "int renameat2(int, const void *, int, const void *, uint32_t)",
);

/** `noreplace` fails with exists when `to` is there; `exchange` swaps two existing names. */
export type RenameMode = "replace" | "noreplace" | "exchange";
const FLAGS = { replace: 0, noreplace: 1, exchange: 2 } as const;

/** Renames in one step. @throws KernelError exists; unsupported when the filesystem lacks the mode; and others */
export function renameAt2(from: Name, to: Name, mode: RenameMode = "replace"): void {
  if (renameat2(from.dirFd, cPath(from.path), to.dirFd, cPath(to.path, 1), FLAGS[mode]) === 0) return;
  throw failure("renaming", {
    fd: from.dirFd,
    path: from.path,
    to: to.path,
    feature: `renameat2 ${mode}`,
    // A filesystem that does not know a flag answers EINVAL.
    codes: mode === "replace" ? undefined : { EINVAL: "unsupported" },
  });
}
