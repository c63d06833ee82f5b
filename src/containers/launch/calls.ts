/** Calls that several parts of a launch program make. */
import {
  type Address,
  addressOf,
  type Assembler,
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_RECURSIVE,
  type CallOptions,
  FSCONFIG_CMD_CREATE,
  FSCONFIG_SET_FLAG,
  FSCONFIG_SET_STRING,
  FSMOUNT_CLOEXEC,
  FSOPEN_CLOEXEC,
  type Label,
  MOVE_MOUNT_DESCRIPTORS,
  O_CLOEXEC,
  O_PATH,
  O_WRONLY,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  type Slot,
  type Value,
} from "../../linux/index.ts";
import type { ProcessContext } from "./context.ts";

/** A slot for the descriptor of `path` on the host. */
export function openHost(asm: Assembler, path: string, flags: number, store = asm.slot()): Slot {
  asm.call("openat", [AT_FDCWD, asm.text(path), flags | O_CLOEXEC, 0], { store });
  return store;
}

export interface OpenInOptions extends CallOptions {
  /** `O_*` beside `O_CLOEXEC`; `O_PATH` when left out. */
  flags?: number;
  mode?: number;
  /** `RESOLVE_*` beside `RESOLVE_IN_ROOT` and `RESOLVE_NO_MAGICLINKS`. */
  resolve?: number;
}

/** Opens `path` with `root` as its root directory: symlinks and `..` stay inside. */
export function openIn(asm: Assembler, root: Slot, path: string, options: OpenInOptions): void {
  const { flags = O_PATH, mode = 0, resolve = 0, ...call } = options;
  const how = asm.words([flags | O_CLOEXEC, mode, resolve | RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS]);
  asm.call("openat2", [root, asm.text(path), how, 24], call);
}

/** Closes without looking at the result. */
export function closeFd(asm: Assembler, fd: Value): void {
  asm.call("close", [fd], { onError: "ignore" });
}

/** After a call stored its result in `result` and failed: these errnos lead to `label`, any other fails the step. */
export function tolerate(
  { asm, fail }: Pick<ProcessContext, "asm" | "fail">,
  result: Slot,
  errnos: readonly number[],
  label: Label,
): void {
  for (const errno of errnos) asm.compute(result, { subtract: -errno, onZero: label });
  asm.jump(fail);
}

/** Writes `text` into an existing file below `directory`, in one write as files of /proc want it. */
export function writeInto(asm: Assembler, directory: Slot, path: string, text: string): void {
  const fd = asm.slot();
  asm.call("openat", [directory, asm.text(path), O_WRONLY | O_CLOEXEC, 0], { store: fd });
  asm.call("write", [fd, asm.text(text), Buffer.byteLength(text)]);
  closeFd(asm, fd);
}

export interface PipeSlots {
  read: Slot;
  write: Slot;
}

/** A pipe, closed when a program is executed. */
export function makePipe(asm: Assembler): PipeSlots {
  const [fds, read, write] = [asm.slot(), asm.slot(), asm.slot()];
  asm.call("pipe2", [addressOf(fds), O_CLOEXEC]);
  asm.compute(fds, { mask: 0xffffffffn, store: read });
  asm.compute(fds, { shift: 32, store: write });
  return { read, write };
}

export interface Filesystem {
  type: string;
  source?: string;
  /** Options of the filesystem: `size=64k`, `newinstance`. */
  options: readonly string[];
  /** `MOUNT_ATTR_*`. */
  attributes: number;
}

/** Mounts a new filesystem nowhere: `store` receives the descriptor of its root. */
export function mountDetached(asm: Assembler, { type, source, options, attributes }: Filesystem, store: Slot): void {
  const fs = asm.slot();
  asm.call("fsopen", [asm.text(type), FSOPEN_CLOEXEC], { store: fs });
  if (source !== undefined) asm.call("fsconfig", [fs, FSCONFIG_SET_STRING, asm.text("source"), asm.text(source), 0]);
  for (const option of options) {
    const at = option.indexOf("=");
    if (at < 0) asm.call("fsconfig", [fs, FSCONFIG_SET_FLAG, asm.text(option), 0, 0]);
    else {
      const [key, value] = [option.slice(0, at), option.slice(at + 1)];
      asm.call("fsconfig", [fs, FSCONFIG_SET_STRING, asm.text(key), asm.text(value), 0]);
    }
  }
  asm.call("fsconfig", [fs, FSCONFIG_CMD_CREATE, 0, 0, 0]);
  asm.call("fsmount", [fs, FSMOUNT_CLOEXEC, attributes], { store });
  closeFd(asm, fs);
}

export interface MountAttributes {
  /** `MOUNT_ATTR_*`. */
  set?: number;
  clear?: number;
  /** `MS_SHARED`, `MS_SLAVE`, `MS_PRIVATE` or `MS_UNBINDABLE`. */
  propagation?: number;
  recursive?: boolean;
}

/** Changes the mount whose root is open at `fd`. */
export function setAttributes(asm: Assembler, fd: Slot, attributes: MountAttributes): void {
  const { set = 0, clear = 0, propagation = 0, recursive = false } = attributes;
  const words = asm.words([set, clear, propagation, 0]);
  asm.call("mount_setattr", [fd, emptyPath(asm), AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), words, 32]);
}

/** Puts the detached mount `tree` on what is open at `target`. */
export function attach(asm: Assembler, tree: Slot, target: Slot, options: CallOptions = {}): void {
  asm.call("move_mount", [tree, emptyPath(asm), target, emptyPath(asm), MOVE_MOUNT_DESCRIPTORS], options);
}

/** The path that means the descriptor itself. */
export function emptyPath(asm: Assembler): Address {
  return asm.text("");
}
