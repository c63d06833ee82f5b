/**
 * Points in time as people read them.
 */

const UNITS = [
  ["year", 365 * 86400],
  ["month", 30 * 86400],
  ["week", 7 * 86400],
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
] as const;

/** How long before `now` (both in seconds since 1970) `timestamp` lies: `3 days ago`, `just now`. */
export function age(timestamp: number, now: number = Date.now() / 1000): string {
  const seconds = now - timestamp;
  if (seconds < -60) return "in the future";
  for (const [name, length] of UNITS) {
    const count = Math.floor(seconds / length);
    if (count >= 1) return `${count} ${name}${count === 1 ? "" : "s"} ago`;
  }
  return "just now";
}

/** A timestamp in seconds as `2026-03-01 12:00:00 UTC`. */
export function utcTime(timestamp: number): string {
  return `${new Date(timestamp * 1000).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}
