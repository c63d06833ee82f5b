/** What a tmpfs starts with that hides a directory of the image: a copy of it (the option `tmpcopyup`). */
import { type ByteString, fromText, toBytes } from "../../bytes.ts";
import { AtomicError } from "../../errors.ts";
import {
  type Assembler,
  close,
  fstat,
  isKernelError,
  O_CLOEXEC,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NONBLOCK,
  O_PATH,
  O_RDONLY,
  O_WRONLY,
  open,
  openAt2,
  readDirectory,
  readlinkAt,
  RESOLVE_BENEATH,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_SYMLINKS,
  S_IFDIR,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  type Slot,
  type Stat,
  statAt,
} from "../../linux/index.ts";
import { closeFd } from "./calls.ts";

/** A directory, file or symlink to make again. */
interface Copied {
  /** Below the directory that is hidden. */
  path: ByteString;
  stat: Stat;
  /** Where a symlink leads. */
  target?: ByteString;
}

export interface CopyUp {
  /** The hidden directory's own. */
  top: Stat;
  /** Each after the directory it is in. */
  entries: Copied[];
}

/** The program copies each entry by calls of its own, so this is for `/run` and `/var/tmp`, not for databases. */
const MAX_ENTRIES = 2000;
const MAX_DEPTH = 32;
const PERMISSIONS = 0o7777;
const AT_SYMLINK_NOFOLLOW = 0x100;
const MAX_CHUNK = 1 << 30;
const WALK = { flags: O_RDONLY | O_DIRECTORY, resolve: RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS };

/**
 * Lists what is to be copied of the directory `path` of a root; undefined when there is none. Special files, and extended
 * attributes, are not copied.
 * @param path as `inContainer` gives it
 * @throws AtomicError invalid when there is too much
 */
export function planCopyUp(rootfs: string, path: string): CopyUp | undefined {
  const root = open(rootfs, O_PATH | O_DIRECTORY);
  try {
    const top = openAt2(root, path, { flags: O_RDONLY | O_DIRECTORY, resolve: RESOLVE_IN_ROOT });
    try {
      const entries: Copied[] = [];
      list(top, fromText(""), entries, path);
      return { top: fstat(top), entries };
    } finally {
      close(top);
    }
  } catch (error) {
    if (isKernelError(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  } finally {
    close(root);
  }
}

function list(directory: number, before: ByteString, entries: Copied[], top: string, depth = 1): void {
  for (const { name } of readDirectory(directory)) {
    const path = `${before}${name}` as ByteString;
    const stat = statAt(directory, toBytes(name));
    const type = stat.mode & S_IFMT;
    if (entries.length === MAX_ENTRIES || depth > MAX_DEPTH) {
      throw new AtomicError(
        "invalid",
        `copying /${top} into a tmpfs: expected at most ${MAX_ENTRIES} entries and ${MAX_DEPTH} levels, found more`,
      );
    }
    if (type === S_IFLNK) entries.push({ path, stat, target: readlinkAt(directory, toBytes(name)) });
    else if (type === S_IFREG || type === S_IFDIR) entries.push({ path, stat });
    if (type !== S_IFDIR) continue;
    const below = openAt2(directory, toBytes(name), WALK);
    try {
      list(below, `${path}/` as ByteString, entries, top, depth + 1);
    } finally {
      close(below);
    }
  }
}

/** Copies from the directory open at `from` to the one at `to`. Nothing is written outside, whatever `from` is by now. */
export function copyUp(asm: Assembler, { entries }: CopyUp, from: Slot, to: Slot): void {
  for (const { path, stat, target } of entries) {
    const [name, type, permissions] = [asm.text(toBytes(path)), stat.mode & S_IFMT, stat.mode & PERMISSIONS];
    if (target !== undefined) asm.call("symlinkat", [asm.text(toBytes(target)), to, name]);
    else if (type === S_IFDIR) asm.call("mkdirat", [to, name, permissions]);
    else copyFile(asm, toBytes(path), from, to);
    asm.call("fchownat", [to, name, stat.uid, stat.gid, AT_SYMLINK_NOFOLLOW]);
    // Changing the owner takes set-id bits away.
    if (target === undefined) asm.call("fchmodat", [to, name, permissions]);
  }
}

function copyFile(asm: Assembler, path: Buffer, from: Slot, to: Slot): void {
  const [source, copy] = [asm.slot(), asm.slot()];
  const how = asm.words([O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS]);
  asm.call("openat2", [from, asm.text(path), how, 24], { store: source });
  asm.call("openat", [to, asm.text(path), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0], { store: copy });
  const [again, done] = [asm.label("again"), asm.label("done")];
  asm.place(again);
  asm.call("sendfile", [copy, source, 0, MAX_CHUNK], { onZero: done });
  asm.jump(again);
  asm.place(done);
  for (const fd of [source, copy]) closeFd(asm, fd);
}
