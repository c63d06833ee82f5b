import { spawnSync } from "node:child_process";
import { ROOT } from "./bun.mjs";

/** Runs a program in the checkout, with our output and no input. Exits with its status if that is not 0. */
export function run(program, args) {
  const { status, error } = spawnSync(program, args, { cwd: ROOT, stdio: ["ignore", "inherit", "inherit"] });
  if (error !== undefined) throw error;
  if (status !== 0) process.exit(status ?? 1);
}
