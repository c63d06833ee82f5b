/** Which descriptors the next program gets. Spec: fcntl(2) */
import { failure } from "./errno.ts";
import { cFunction } from "./libc.ts";

const fcntl = cFunction<[number, number, number]>("int fcntl(int, int, int)");
const F_SETFD = 2;

/** Keeps a descriptor open when this process becomes another program. @throws KernelError */
export function keepOnExec(fd: number): void {
  if (fcntl(fd, F_SETFD, 0) < 0) throw failure("keeping open", { fd });
}
