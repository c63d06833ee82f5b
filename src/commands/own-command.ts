import { isBuilt } from "../native.ts";

/** How this program is called: alone once it is built, in a checkout with its runtime. */
export function ownCommand(): [string, ...string[]] {
  return isBuilt() ? [process.execPath] : [process.execPath, ...process.argv.slice(1, 2)];
}
