/** What interrupted runs leave: `.<commit>.<serial>.unfinished` beside a deployment, `.NAME.RANDOM.tmp` beside a file. */
import { basename, dirname, join } from "node:path";
import { removeTemporaries } from "../durable-compound.ts";
import { entriesDirectory } from "../bootloader/index.ts";
import { parseDeploymentId } from "./deployment-id.ts";
import { listNames } from "./list-names.ts";
import type { Sysroot } from "./sysroot.ts";

const SUFFIX = ".unfinished";

/** Where a deployment is written before it has its name. */
export function unfinishedPath(final: string): string {
  return join(dirname(final), `.${basename(final)}${SUFFIX}`);
}

/** Removes what interrupted runs left under temporary names. */
export function removeUnfinished(sysroot: Sysroot): void {
  const { disk } = sysroot;
  const atomic = join(sysroot.path, "atomic");
  for (const directory of [atomic, entriesDirectory(sysroot.boot), ...stateDirectories(join(atomic, "deploy"))]) {
    for (const name of listNames(directory)) if (isUnfinished(name)) disk.removeTree(join(directory, name));
    removeTemporaries(disk, directory);
  }
}

/** Of every stateroot and deployment. */
function stateDirectories(base: string): string[] {
  return listNames(base).flatMap((stateroot) => {
    const deployments = join(base, stateroot, "deploy");
    const ids = listNames(deployments).filter((name) => parseDeploymentId(name) !== undefined);
    return [join(base, stateroot), deployments, ...ids.map((id) => join(deployments, id))];
  });
}

function isUnfinished(name: string): boolean {
  return name.endsWith(SUFFIX) && parseDeploymentId(name.slice(1, -SUFFIX.length)) !== undefined;
}
