/** The file of this host that says which images it accepts. */
import { join } from "node:path";
import { readFileIfExists } from "../../linux/index.ts";
import type { Environment } from "../registry/host-files.ts";
import { parsePolicy, type Policy } from "./policy-file.ts";

const MAX_FILE = 1024 * 1024;
const SYSTEM = "/etc/containers";

/** The user's own policy, or else the host's; undefined when there is none. @throws AtomicError invalid */
export function readPolicy(env: Environment = process.env): Policy | undefined {
  for (const directory of policyDirectories(env)) {
    const path = join(directory, "policy.json");
    const bytes = readFileIfExists(path, MAX_FILE, { follow: true });
    if (bytes !== undefined) return parsePolicy(bytes, path);
  }
  return undefined;
}

/** Where such files are, the user's own place first. */
export function policyDirectories(env: Environment): string[] {
  const home = env["HOME"];
  return [...(home === undefined || home === "" ? [] : [join(home, ".config/containers")]), SYSTEM];
}
