/** Becoming another program. Spec: execve(2) */
import { failure } from "./errno.ts";
import { cFunction } from "./libc.ts";
import { cString } from "./path.ts";

type Strings = readonly (string | null)[];
const execve = cFunction<[Uint8Array, Strings, Strings]>("int execve(const void *, const char **, const char **)");

/**
 * Replaces this process, all its threads with it, by the program at `path`; descriptors that are not close-on-exec stay.
 * Returns only by throwing. @throws KernelError
 */
export function executeProgram(path: string, argv: readonly string[], env: readonly string[]): never {
  execve(cString(path), [...argv, null], [...env, null]);
  throw failure("executing", { path });
}
