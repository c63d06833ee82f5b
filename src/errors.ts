/**
 * The one error type a user can reach, and the table of its codes.
 *
 * A message is one lower-case line without a full stop: what was attempted, on what, why it failed.
 * A plain `Error` anywhere else means a bug.
 */

/** Every code an `AtomicError` can carry; scripts may rely on them. */
export type ErrorCode =
  | "usage" // the request itself is malformed: exit 2
  | "nothing-to-do" // the system is already as requested: exit 77
  | "not-found" // a ref, commit, object, deployment or file that should exist does not
  | "exists" // something that must not exist does
  | "invalid" // hostile or malformed input: name, object, boot entry, file format
  | "corrupt" // stored bytes differ from what their name or record says
  | "unsupported" // the kernel, filesystem or format version cannot do this
  | "locked" // another process holds the lock
  | "no-space" // preflight or the kernel says the filesystem is full
  | "read-only" // the sysroot or store cannot be written
  | "permission" // the caller lacks the privilege
  | "conflict" // the request contradicts the present state (removing the booted deployment, a downgrade)
  | "child-failed" // a child process exited non-zero
  | "network" // a server could not be reached, broke off or answered with an error
  | "untrusted" // no accepted key or certificate vouches for it
  | "io"; // any other kernel error

/** Process exit status for each kind of outcome. */
export const EXIT = { done: 0, failed: 1, usage: 2, nothingToDo: 77 } as const;

export interface ErrorOptions {
  /** A command the user can run next. */
  hint?: string;
  cause?: unknown;
}

/** An error the user can act on; it prints as one line plus its hint, never as a stack. */
export class AtomicError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "AtomicError";
    this.code = code;
    this.hint = options.hint;
  }
}

/** True when `error` is an `AtomicError`, of the given code if one is given. */
export function isAtomicError(error: unknown, code?: ErrorCode): error is AtomicError {
  return error instanceof AtomicError && (code === undefined || error.code === code);
}

/** The process exit status that belongs to `code`. */
export function exitStatus(code: ErrorCode): number {
  if (code === "usage") return EXIT.usage;
  if (code === "nothing-to-do") return EXIT.nothingToDo;
  return EXIT.failed;
}
