import { spawnSync } from "node:child_process";
import { ROOT } from "./bun.mjs";

/** Runs a program in the checkout, with our output. Exits with its status if that is not 0. */
export function run(program, args, options = {}) {
  const status = tryRun(program, args, options);
  if (status !== 0) process.exit(status);
}

/** Runs a program in the checkout, with our output. Returns its exit status; 1 when a signal ended it. */
export function tryRun(program, args, options = {}) {
  const { status, error } = spawnSync(program, args, { cwd: ROOT, stdio: ["ignore", "inherit", "inherit"], ...options });
  if (error !== undefined) throw error;
  return status ?? 1;
}
