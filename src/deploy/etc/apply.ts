/** Carrying out a merge of `/etc` on a fresh copy of theirs, in a directory nobody else knows yet. */
import { type ByteString, toBytes } from "../../bytes.ts";
import type { Durable } from "../../durable.ts";
import { close, O_NOFOLLOW, O_RDONLY, open, withFd } from "../../linux/index.ts";
import { createSpecial } from "../../ostree/index.ts";
import type { EtcAction } from "./classify.ts";
import type { EtcNode } from "./tree.ts";
import { type LiveEtc, openEtcFile } from "./live.ts";

export interface EtcTarget {
  disk: Durable;
  /** The fresh copy of theirs. */
  directory: string;
  /** Where the content of ours comes from. */
  live: LiveEtc;
}

/**
 * Carries out the actions in order. Nothing is synced.
 * @throws AtomicError conflict when a file of the live `/etc` was replaced meanwhile, no-space and others
 */
export function applyEtcActions(target: EtcTarget, actions: readonly EtcAction[]): void {
  for (const action of actions) applyAction(target, action);
}

function applyAction(target: EtcTarget, action: EtcAction): void {
  const { disk } = target;
  const path = pathIn(target, action.path);
  switch (action.kind) {
    case "remove":
      return disk.removeTree(path);
    case "create":
      return create(target, action.path, action.node);
    case "make-directory":
      disk.mkdir(path, 0o700);
      return disk.setMetadata(path, action.meta);
    case "set-directory-meta":
      return disk.setMetadata(path, action.meta);
    case "write-file":
      return writeFile(target, action);
    case "save-theirs":
      disk.removeTree(pathIn(target, action.as));
      return disk.rename(path, pathIn(target, action.as));
  }
}

/** A new inode in every case: the copy of theirs may be one of several hard links. */
function writeFile(target: EtcTarget, action: EtcAction & { kind: "write-file" }): void {
  const { disk } = target;
  const path = pathIn(target, action.path);
  if (Buffer.isBuffer(action.content)) {
    disk.unlink(path);
    const file = disk.create(path, 0o600);
    try {
      file.write(action.content);
    } finally {
      file.close();
    }
  } else {
    const theirs = action.content === "theirs";
    const from = theirs ? open(path, O_RDONLY | O_NOFOLLOW) : openEtcFile(target.live, action.path);
    try {
      disk.unlink(path);
      disk.copy(from, path, 0o600);
    } finally {
      close(from);
    }
  }
  disk.setMetadata(path, action.meta);
}

function create(target: EtcTarget, relative: ByteString, node: EtcNode): void {
  const { disk } = target;
  const path = pathIn(target, relative);
  switch (node.kind) {
    case "directory":
      disk.mkdir(path, 0o700);
      for (const [name, child] of node.children) create(target, `${relative}/${name}` as ByteString, child);
      break;
    case "file":
      copyLive(target, relative, path);
      break;
    case "symlink":
    case "character":
    case "block":
    case "fifo":
    case "socket":
      createSpecial(disk, node, path);
  }
  disk.setMetadata(path, node);
}

function copyLive({ disk, live }: EtcTarget, relative: ByteString, path: Buffer): void {
  withFd(openEtcFile(live, relative), (fd) => disk.copy(fd, path, 0o600));
}

function pathIn({ directory }: EtcTarget, path: ByteString): Buffer {
  return path === "" ? Buffer.from(directory) : Buffer.concat([Buffer.from(`${directory}/`), toBytes(path)]);
}
