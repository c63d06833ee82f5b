/** Advisory locks on open files. */
import { failure } from "./errno.ts";
import { cFunction, interrupted } from "./libc.ts";

const flockCall = cFunction<[number, number]>("int flock(int, int)");
const LOCK = { shared: 1, exclusive: 2 } as const;
const LOCK_NB = 4;

/**
 * Locks an open file until it is closed; waits for other holders unless `nonblocking`.
 * @throws KernelError locked when nonblocking and another open file holds the lock
 */
export function flock(fd: number, kind: keyof typeof LOCK, options?: { nonblocking?: boolean }): void {
  const operation = LOCK[kind] | (options?.nonblocking === true ? LOCK_NB : 0);
  let result: number;
  do result = flockCall(fd, operation);
  while (result < 0 && interrupted());
  if (result < 0) throw failure("locking", { fd, codes: { EAGAIN: "locked" } });
}
