/** Pipes. Spec: pipe2(2) */
import { failure } from "./errno.ts";
import { O_CLOEXEC } from "./flags.ts";
import { cFunction } from "./libc.ts";

const pipe2 = cFunction<[Uint8Array, number]>("int pipe2(_Out_ int *, int)");

const fcntl = cFunction<[number, number, number]>("int fcntl(int, int, int)");
const F_SETFL = 4;

/** Makes the calls on a descriptor wait, which it was opened not to do. @throws KernelError */
export function makeBlocking(fd: number): void {
  if (fcntl(fd, F_SETFL, 0) < 0) throw failure("making a descriptor wait", { fd });
}

/** A new pipe, close-on-exec on both ends. @throws KernelError */
export function pipe(): { read: number; write: number } {
  const fds = new Int32Array(2);
  if (pipe2(new Uint8Array(fds.buffer), O_CLOEXEC) < 0) throw failure("making a pipe");
  return { read: fds[0]!, write: fds[1]! };
}
