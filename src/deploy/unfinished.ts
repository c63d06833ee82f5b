/** Temporary names of deployments: `.<commit>.<serial>.unfinished` beside the final one. */
import { basename, dirname, join } from "node:path";
import { parseDeploymentId } from "./deployment-id.ts";
import { listNames } from "./list-names.ts";
import type { Sysroot } from "./sysroot.ts";

const SUFFIX = ".unfinished";

/** Where a deployment is written before it has its name. */
export function unfinishedPath(final: string): string {
  return join(dirname(final), `.${basename(final)}${SUFFIX}`);
}

/** What interrupted runs left in all stateroots. */
export function unfinishedDirectories(sysroot: Sysroot): string[] {
  const base = join(sysroot.path, "atomic/deploy");
  return listNames(base).flatMap((stateroot) => {
    const directory = join(base, stateroot, "deploy");
    return listNames(directory).flatMap((name) => {
      const isOurs = name.endsWith(SUFFIX) && parseDeploymentId(name.slice(1, -SUFFIX.length)) !== undefined;
      return isOurs ? [join(directory, name)] : [];
    });
  });
}
