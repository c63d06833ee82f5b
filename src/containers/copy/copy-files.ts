/** Copying files between the host and a container, as `docker cp` names them. */
import { resolve } from "node:path";
import { type ByteString, fromText } from "../../bytes.ts";
import { AtomicError } from "../../errors.ts";
import { close, fstat, O_DIRECTORY, O_PATH, open, S_IFDIR, S_IFMT } from "../../linux/index.ts";
import { lockContainer } from "../engine/lock.ts";
import type { Engine } from "../engine/place.ts";
import type { NamedContainer } from "../engine/record.ts";
import { mountRoot } from "../engine/rootfs.ts";
import { namedStatus } from "../engine/status.ts";
import { outsideRoot } from "../ids/id-maps.ts";
import { copyContents, copyInode, type CopyRules } from "./copy-tree.ts";
import { type End, openDirectoryEnd, openEnd, placeOf } from "./ends.ts";

/** One side of a copy. */
export interface CopySide {
  /** Without one, the host. */
  container?: NamedContainer;
  /** `/.` at its end means what is in the directory. */
  path: string;
}

export interface CopyRequest {
  from: CopySide;
  to: CopySide;
  /** Keep owners, extended attributes and set-id bits, instead of making the files the receiver's. */
  archive: boolean;
  /** Copy what a symlink at the end of the path leads to. */
  followLink: boolean;
}

/**
 * Copies a file or a directory with all below it. What a path names is looked up inside the container, whatever its
 * symlinks say; a running container's volumes are seen as it sees them.
 * @returns what was left out, and why
 * @throws AtomicError not-found, conflict
 */
export function copyFiles(engine: Engine, { from, to, archive, followLink }: CopyRequest): string[] {
  const left: string[] = [];
  const opened: number[] = [];
  const keep = (fd: number): number => {
    opened.push(fd);
    return fd;
  };
  const unlock = lockSide(engine, from.container ?? to.container);
  try {
    const [source, target] = [endOf(engine, from, keep), endOf(engine, to, keep)];
    const fromFd = keep(openEnd(source, followLink || /\/\.?$/.test(from.path)));
    const rules: CopyRules = {
      owner: archive ? undefined : receiver(to),
      skipped: (path, why) => left.push(`left out ${path}: ${why}`),
    };
    copyTo(fromFd, { source, target, rules, keep });
    return left;
  } finally {
    for (const fd of opened) close(fd);
    unlock();
  }
}

interface Copy {
  source: End;
  target: End;
  rules: CopyRules;
  keep: (fd: number) => number;
}

function copyTo(fromFd: number, { source, target, rules, keep }: Copy): void {
  const isDirectory = (fstat(fromFd).mode & S_IFMT) === S_IFDIR;
  const copying = { path: source.shown, rules };
  const name = lastName(source.path);
  const directoryFd = openDirectoryEnd(target);
  if (directoryFd !== undefined) {
    keep(directoryFd);
    if (isDirectory && name === undefined) return copyContents(fromFd, directoryFd, copying);
    return copyInode(fromFd, { directoryFd, name: name! }, copying);
  }
  if (!isDirectory && target.path.endsWith("/"))
    throw new AtomicError("not-found", `copying to ${target.shown}: there is no such directory`);
  const place = placeOf(target);
  keep(place.directoryFd);
  copyInode(fromFd, place, copying);
}

/** The name a copy gets in a directory; none where the path means a directory's content. */
function lastName(path: ByteString): ByteString | undefined {
  if (/(?:^|\/)\.{1,2}$/.test(path)) return undefined;
  const name = path.replace(/\/+$/, "").split("/").at(-1)!;
  return name === "" ? undefined : (name as ByteString);
}

function endOf(engine: Engine, { container, path }: CopySide, keep: (fd: number) => number): End {
  const directory = (of: string): number => keep(open(of, O_PATH | O_DIRECTORY));
  if (container === undefined) {
    const end = /(?:^|\/)\.$/.test(path) ? "/." : path.endsWith("/") ? "/" : "";
    return { rootFd: directory("/"), path: fromText(`${resolve(path)}${end}`), shown: path };
  }
  const { pid } = namedStatus(engine, container);
  const rootFd = directory(pid === undefined ? mountRoot(engine, container) : `/proc/${pid}/root`);
  if (namedStatus(engine, container).pid !== pid)
    throw new AtomicError("conflict", `copying ${container.name}:${path}: the container has just ended`, {
      hint: "try again",
    });
  return { rootFd, path: fromText(path), shown: `${container.name}:${path}` };
}

/** Who owns what is copied: root of the container, or whoever asked. */
function receiver({ container }: CopySide): { uid: number; gid: number } {
  if (container === undefined) return { uid: process.getuid!(), gid: process.getgid!() };
  return (container.idMaps && outsideRoot(container.idMaps)) ?? { uid: 0, gid: 0 };
}

function lockSide(engine: Engine, container: NamedContainer | undefined): () => void {
  if (container !== undefined) return lockContainer(engine, container);
  throw new AtomicError("usage", "copying: expected one side to be in a container", {
    hint: "atomic cp FILE CONTAINER:/PATH",
  });
}
