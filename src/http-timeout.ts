/** How long a silent server is waited for. */
import { AtomicError } from "./errors.ts";

const STALL_TIMEOUT_MS = 60_000;
/** An hour: timers of longer than 24 days fire at once. */
const MAX_SECONDS = 3600;

/**
 * Milliseconds without a byte from a server after which a connection counts as lost: 60,000, or what
 * `ATOMIC_HTTP_TIMEOUT` says in seconds.
 * @throws AtomicError usage when that is no number above 0 and at most 3600
 */
export function usualStallTimeout(): number {
  const text = process.env["ATOMIC_HTTP_TIMEOUT"];
  if (text === undefined) return STALL_TIMEOUT_MS;
  const seconds = /^[0-9]{1,4}([.][0-9]{1,3})?$/.test(text) ? Number(text) : 0;
  if (seconds > 0 && seconds <= MAX_SECONDS) return seconds * 1000;
  throw new AtomicError(
    "usage",
    `reading ATOMIC_HTTP_TIMEOUT: expected seconds, more than 0 and at most ${MAX_SECONDS}, found ${JSON.stringify(text)}`,
  );
}
