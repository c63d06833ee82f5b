/**
 * The health checks of a host: executables in `required.d` and `wanted.d` of `/etc/atomic/health.d`,
 * `/usr/lib/atomic/health.d`, and of greenboot's `/etc/greenboot/check` and `/usr/lib/greenboot/check`.
 */
import { accessSync, constants, statSync } from "node:fs";
import { join } from "node:path";
import { AtomicError } from "../../errors.ts";
import { listNames } from "../list-names.ts";

export interface Check {
  name: string;
  path: string;
  /** The boot is good only when it passes; others warn. */
  required: boolean;
}

/** A file of the first shadows that of the same name in the second. */
const FAMILIES = [
  ["etc/atomic/health.d", "usr/lib/atomic/health.d"],
  ["etc/greenboot/check", "usr/lib/greenboot/check"],
] as const;
/** What editors, packages and merges leave beside a file. */
const LEFTOVER = /^\.|~$|\.(?:dpkg-[a-z]+|atomic-new|bak|swp)$/;
/** Far above any host's; bounds the time a boot can take to be judged. */
const MAX_CHECKS = 256;

/**
 * All checks, the required ones first, each kind in order of name. A file in `/etc` that cannot be executed, as a link
 * to `/dev/null`, turns off the one it shadows.
 * @param root where `/etc` and `/usr` are
 * @throws AtomicError invalid when there are too many
 */
export function findChecks(root = "/"): Check[] {
  const checks = [true, false].flatMap((required) => {
    const found = FAMILIES.flatMap((family) => shadowed(root, family, required ? "required.d" : "wanted.d"));
    return found
      .filter(({ path }) => isProgram(path))
      .sort((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)))
      .map((check) => ({ ...check, required }));
  });
  if (checks.length > MAX_CHECKS) {
    throw new AtomicError("invalid", `checking health: expected at most ${MAX_CHECKS} checks, found ${checks.length}`);
  }
  return checks;
}

function shadowed(root: string, family: readonly string[], kind: string): { name: string; path: string }[] {
  const paths = new Map<string, string>();
  for (const base of family.toReversed()) {
    const directory = join(root, base, kind);
    for (const name of listNames(directory)) if (!LEFTOVER.test(name)) paths.set(name, join(directory, name));
  }
  return [...paths].map(([name, path]) => ({ name, path }));
}

function isProgram(path: string): boolean {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return false;
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
