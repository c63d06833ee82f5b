/** The program under test, as `npm run build` made it. */
import { join, resolve } from "node:path";
import { run } from "../../src/spawn.ts";

export const ROOT = resolve(import.meta.dirname, "../..");
export const ATOMIC = join(ROOT, "dist/bin/atomic");
const LIMIT_MS = 600_000;

/** Its standard output, without the last line end. @throws AtomicError child-failed with what it said */
export function atomic(...args: string[]): string {
  return run([ATOMIC, ...args], { timeout: LIMIT_MS })
    .stdout.toString("utf8")
    .trimEnd();
}
