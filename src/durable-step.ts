/** Single changes of a disk, which can be recorded, and made to fail or stop at the n-th. */
import type { ByteString } from "./bytes.ts";
import { failure, type PathArg } from "./linux/index.ts";

/** One change, with what it takes to make it again elsewhere. Modes are exact, whatever the umask. */
export type Operation =
  | { kind: "mkdir" | "create" | "chmod"; path: PathArg; mode: number }
  | { kind: "write"; path: PathArg; offset: number; data: Uint8Array }
  | { kind: "extend"; path: PathArg; size: number }
  | { kind: "copy"; path: PathArg; mode: number; data: Uint8Array }
  | { kind: "symlink"; path: PathArg; target: PathArg }
  | { kind: "mknod"; path: PathArg; mode: number; rdev: number }
  | { kind: "link" | "rename" | "rename-noreplace" | "exchange"; path: PathArg; to: PathArg }
  | { kind: "chown"; path: PathArg; uid?: number; gid?: number }
  | { kind: "setxattr"; path: PathArg; name: ByteString; value: ByteString }
  | { kind: "removexattr"; path: PathArg; name: ByteString }
  | { kind: "utimens"; path: PathArg; mtime: number; mtimeNsec: number }
  | { kind: "unlink" | "rmdir" | "fsync" | "fsync-directory" | "barrier" | "enable-verity"; path: PathArg };

export interface DurableOptions {
  /** Called after each operation that succeeded; the bytes written are kept only when this is given. */
  record?: (operation: Operation) => void;
  /** The operation (counted from 1) before which the run stops, as if the power had gone. */
  stopAt?: number;
  /** The operation that fails with an errno as `ENOSPC`; later ones work. */
  failAt?: { operation: number; errno: string };
}

/** Thrown by the operation a run was told to stop before, and by every later one. */
export class Stopped extends Error {}

/** Makes one change. @throws KernelError, Stopped */
export type Step = <T>(operation: Operation, change: () => T) => T;

/** Counts changes from the first one made through what it returns. */
export function createStep({ record, stopAt = Infinity, failAt }: DurableOptions): Step {
  let count = 0;
  return (operation, change) => {
    count += 1;
    if (count >= stopAt) throw new Stopped(`stopped before operation ${stopAt}: ${operation.kind}`);
    if (count === failAt?.operation)
      throw failure(`${operation.kind} (told to fail)`, { path: operation.path, errno: failAt.errno });
    const result = change();
    record?.(operation);
    return result;
  };
}
