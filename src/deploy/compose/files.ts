/** Puts the files of a compose file into a tree: overlay directories, inline files, and what is taken out again. */
import {
  chmodSync,
  chownSync,
  copyFileSync,
  linkSync,
  lstatSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { type ByteString, fromText } from "../../bytes.ts";
import { AtomicError } from "../../errors.ts";
import type { ComposeFile, Overlay } from "./file.ts";
import type { InlineFile } from "./inline.ts";
import { inTree, makeDirectories, parentOf, removeInTree, statInTree, walkTree } from "./paths.ts";

/**
 * Copies the directory `from` over `to` in the tree. Everything becomes root's, 0755 or 0644 by whether it is executable
 * (all that a version control system keeps); other owners and modes are said in `files`.
 * @throws AtomicError not-found without the directory, invalid on a path through a link or of another type
 */
export function copyOverlay(root: string, { from, to }: Overlay): void {
  if (lstatSync(from, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new AtomicError("not-found", `copying the overlay ${from}: not a directory`);
  }
  if (to !== "") makeDirectories(root, fromText(to));
  walkTree(from, "", (name, stat) => {
    const path = to === "" ? name : `${fromText(to)}/${name}`;
    if (stat.isDirectory()) return makeDirectories(root, path);
    clearPlace(root, path);
    if (stat.isSymbolicLink()) return symlinkSync(readlinkSync(inTree(from, name), "buffer"), inTree(root, path));
    if (!stat.isFile())
      throw new AtomicError("invalid", `copying the overlay ${from}: /${name} is not a file, directory or link`);
    copyFileSync(inTree(from, name), inTree(root, path));
    chownSync(inTree(root, path), 0, 0);
    chmodSync(inTree(root, path), (stat.mode & 0o111) === 0 ? 0o644 : 0o755);
  });
}

/** Writes the inline files, in the order of the compose file. @throws AtomicError as `copyOverlay` */
export function writeInlineFiles(root: string, files: ReadonlyMap<string, InlineFile>): void {
  for (const [name, file] of files) {
    const path = fromText(name);
    makeDirectories(root, parentOf(path));
    writeInlineFile(root, path, file);
  }
}

function writeInlineFile(root: string, path: ByteString, file: InlineFile): void {
  const target = inTree(root, path);
  if (file.kind === "directory") makeDirectories(root, path);
  else clearPlace(root, path);
  if (file.kind === "symlink") return symlinkSync(file.target, target);
  if (file.kind === "hardlink") {
    if (statInTree(root, fromText(file.target))?.isFile() !== true) {
      throw new AtomicError("invalid", `composing: /${path} links to /${file.target}, which is not a file`);
    }
    return linkSync(inTree(root, fromText(file.target)), target);
  }
  if (file.kind === "file") writeFileSync(target, file.content);
  chownSync(target, file.uid, file.gid); // before the mode: chown clears set-id bits
  chmodSync(target, file.mode);
}

/** Applies `machine` and `kargs`: files where systemd and deployments look. @throws AtomicError not-found on a time zone */
export function writeMachineSettings(root: string, { machine, kargs }: ComposeFile): void {
  const files = new Map<string, InlineFile>();
  const write = (path: string, text: string): unknown =>
    files.set(path, { kind: "file", content: Buffer.from(text), mode: 0o644, uid: 0, gid: 0 });
  if (machine.hostname !== undefined) write("etc/hostname", `${machine.hostname}\n`);
  if (machine.locale !== undefined) write("etc/locale.conf", `LANG=${machine.locale}\n`);
  if (machine.timezone !== undefined) {
    if (statInTree(root, `usr/share/zoneinfo/${machine.timezone}`) === undefined) {
      throw new AtomicError("not-found", `composing: the tree has no time zone ${machine.timezone} (package tzdata)`);
    }
    write("etc/timezone", `${machine.timezone}\n`);
    files.set("etc/localtime", { kind: "symlink", target: `../usr/share/zoneinfo/${machine.timezone}` });
  }
  if (kargs.length > 0) write("usr/lib/bootc/kargs.d/10-image.toml", `kargs = ${JSON.stringify(kargs)}\n`);
  writeInlineFiles(root, files);
}

/** Takes paths out of the tree. @throws AtomicError not-found when one is not there, so that no entry goes stale */
export function removePaths(root: string, paths: readonly string[]): void {
  for (const path of paths) {
    if (statInTree(root, fromText(path)) === undefined) {
      throw new AtomicError("not-found", `composing: remove names /${path}, which is not in the tree`);
    }
    removeInTree(root, fromText(path));
  }
}

/** Makes room for a file: an existing file or link gives way, a directory does not. */
function clearPlace(root: string, path: string): void {
  const stat = statInTree(root, path);
  if (stat === undefined) return;
  if (stat.isDirectory())
    throw new AtomicError("invalid", `composing: /${path} is a directory in the tree, not a file`);
  removeInTree(root, path);
}
