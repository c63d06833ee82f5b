import { toBytes } from "../bytes.ts";
import type { Durable } from "../durable.ts";
import { S_IFBLK, S_IFCHR, S_IFIFO, S_IFSOCK } from "../linux/index.ts";
import type { DeviceNode, PipeNode, SymlinkNode } from "./tree.ts";

const TYPE = { character: S_IFCHR, block: S_IFBLK, fifo: S_IFIFO, socket: S_IFSOCK } as const;

/** Makes what is neither a directory nor has content, without its metadata. @throws AtomicError exists, no-space */
export function createSpecial(disk: Durable, node: SymlinkNode | DeviceNode | PipeNode, path: Buffer): void {
  if (node.kind === "symlink") disk.symlink(toBytes(node.target), path);
  else disk.mknod(path, TYPE[node.kind] | 0o600, "rdev" in node ? node.rdev : 0);
}
