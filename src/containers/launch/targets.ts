/** Places in the container's root that something is mounted on: opened without leaving the root, made if missing. */
import { posix } from "node:path";
import { AtomicError } from "../../errors.ts";
import {
  type Assembler,
  O_CLOEXEC,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOFOLLOW,
  O_PATH,
  O_WRONLY,
  RESOLVE_NO_SYMLINKS,
  type Slot,
} from "../../linux/index.ts";
import { closeFd, openIn } from "./calls.ts";

export interface Target {
  /** As `inContainer` gives it. */
  path: string;
  kind: "directory" | "file";
  /** Refuse symlinks instead of following them inside the root. */
  noSymlinks?: boolean;
}

const DIRECTORY_MODE = 0o755;
const FILE_MODE = 0o644;
const MAX_COMPONENTS = 64;

/**
 * A path of the container relative to its root: `proc/sys`, `.` for the root itself.
 * @throws AtomicError invalid when it holds a NUL or is too deep
 */
export function inContainer(path: string): string {
  const relative = posix.normalize(`/${path}`).replace(/^\/+|\/+$/g, "");
  if (path.includes("\0") || relative.split("/").length > MAX_COMPONENTS)
    throw new AtomicError("invalid", `using the path ${JSON.stringify(path)} in a container: it is not a usable path`);
  return relative === "" ? "." : relative;
}

/** Opens `target` into `store`; what is missing of it is made, one directory after the other. */
export function openTarget(asm: Assembler, root: Slot, target: Target, store: Slot): void {
  const resolve = target.noSymlinks === true ? RESOLVE_NO_SYMLINKS : 0;
  const flags = O_PATH | (target.kind === "directory" ? O_DIRECTORY : 0);
  const [missing, found] = [asm.label("missing"), asm.label("found")];
  openIn(asm, root, target.path, { flags, resolve, store, onError: missing });
  asm.jump(found);
  asm.place(missing);
  makeComponents(asm, root, target, resolve);
  openIn(asm, root, target.path, { flags, resolve, store });
  asm.place(found);
}

/** Makes what is missing of a directory. */
export function makeDirectories(asm: Assembler, root: Slot, path: string): void {
  const fd = asm.slot();
  openTarget(asm, root, { path, kind: "directory" }, fd);
  closeFd(asm, fd);
}

/** The errors of single calls are left to the open that follows: it says what is in the way. */
function makeComponents(asm: Assembler, root: Slot, { path, kind }: Target, resolve: number): void {
  const names = path.split("/");
  const parent = asm.slot();
  for (const [index, name] of names.entries()) {
    const directory = index === 0 ? "." : names.slice(0, index).join("/");
    openIn(asm, root, directory, { flags: O_PATH | O_DIRECTORY, resolve, store: parent });
    if (kind === "directory" || index < names.length - 1) {
      asm.call("mkdirat", [parent, asm.text(name), DIRECTORY_MODE], { onError: "ignore" });
    } else {
      const file = asm.slot();
      const how = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
      asm.call("openat", [parent, asm.text(name), how, FILE_MODE], { store: file, onError: "ignore" });
      closeFd(asm, file);
    }
    closeFd(asm, parent);
  }
}
