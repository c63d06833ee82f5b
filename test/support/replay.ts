/** Making recorded operations again in another directory. */
import type { Durable } from "../../src/durable.ts";
import type { Operation } from "../../src/durable-step.ts";
import { createDurable } from "../../src/durable.ts";
import type { PathArg } from "../../src/linux/index.ts";
import { close, ftruncate, O_WRONLY, open, pwrite, removeXattr, setXattr } from "../../src/linux/index.ts";

/** Repeats `operations`, which were made below the directory `from`, below the directory `to`. */
export function replay(operations: readonly Operation[], from: string, to: string): void {
  const disk = createDurable();
  const moved = (path: PathArg): Buffer => {
    const bytes = Buffer.from(path);
    if (!bytes.subarray(0, from.length).equals(Buffer.from(from))) throw new Error(`${bytes} is not below ${from}`);
    return Buffer.concat([Buffer.from(to), bytes.subarray(from.length)]);
  };
  for (const operation of operations) repeat(disk, operation, moved);
}

function repeat(disk: Durable, operation: Operation, moved: (path: PathArg) => Buffer): void {
  const path = moved(operation.path);
  switch (operation.kind) {
    case "mkdir":
      return disk.mkdir(path, operation.mode);
    case "create":
      return disk.create(path, operation.mode).close();
    case "copy":
      disk.create(path, operation.mode).close();
      return writeAt(path, operation.data, 0);
    case "write":
      return writeAt(path, operation.data, operation.offset);
    case "extend":
      return extend(path, operation.size);
    case "symlink":
      return disk.symlink(operation.target, path);
    case "mknod":
      return disk.mknod(path, operation.mode, operation.rdev);
    case "link":
      return disk.link(path, moved(operation.to));
    case "rename":
      return disk.rename(path, moved(operation.to));
    case "rename-noreplace":
      return disk.renameNoReplace(path, moved(operation.to));
    case "exchange":
      return disk.exchange(path, moved(operation.to));
    case "unlink":
      return disk.unlink(path);
    case "rmdir":
      return disk.rmdir(path);
    case "chown":
    case "chmod":
    case "utimens":
      return disk.setMetadata(path, operation);
    case "setxattr":
      return setXattr(path, operation);
    case "removexattr":
      return removeXattr(path, operation.name);
    case "fsync":
    case "fsync-directory":
    case "barrier":
    case "enable-verity":
      return;
  }
}

function extend(path: Buffer, size: number): void {
  const fd = open(path, O_WRONLY);
  ftruncate(fd, size);
  close(fd);
}

function writeAt(path: Buffer, data: Uint8Array, offset: number): void {
  const fd = open(path, O_WRONLY);
  pwrite(fd, data, offset);
  close(fd);
}
