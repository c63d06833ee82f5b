/** Making device nodes, fifos and sockets. */
import { failure } from "./errno.ts";
import { cFunction } from "./libc.ts";
import type { PathArg } from "./path.ts";
import { cPath } from "./path.ts";

// A system call number because the C library has a function of this name only since glibc 2.33.
const SYS_mknodat = process.arch === "arm64" ? 33 : 259;
const syscall = cFunction<[number, number, Uint8Array, number, number]>(
  "long syscall(long, int, const void *, uint32_t, uint32_t)",
);

/**
 * Makes a node.
 * @param node mode: type and permission bits, the latter narrowed by the umask; rdev: as the kernel encodes it in 32 bits
 * @throws KernelError exists, permission and others
 */
export function mknodAt(dirFd: number, path: PathArg, node: { mode: number; rdev: number }): void {
  if (syscall(SYS_mknodat, dirFd, cPath(path), node.mode, node.rdev) < 0)
    throw failure("making the node", { fd: dirFd, path });
}
