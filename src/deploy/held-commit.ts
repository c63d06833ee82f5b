/** A ref for each deployment, `deployed/<stateroot>/<commit>.<serial>`: pruning keeps what it needs, whoever prunes. */
import { deleteRef, listRefs, parseRefName, type RefName, withRepoLock, writeRef } from "../ostree/index.ts";
import { deploymentId, type DeploymentName } from "./deployment-id.ts";
import type { Sysroot } from "./sysroot.ts";

const PREFIX = "deployed";

/** True for a ref by which a deployment holds its commit: it goes with the deployment, not before. */
export function isHeldRef(ref: RefName): boolean {
  return ref.startsWith(`${PREFIX}/`);
}

/** Keeps the deployment's commit. */
export async function holdCommit({ repo }: Sysroot, name: DeploymentName): Promise<void> {
  await withRepoLock(repo, () => writeRef(repo, refOf(name), name.commit));
}

/** Lets go of every commit whose deployment is not in `kept`. */
export async function releaseCommits({ repo }: Sysroot, kept: readonly DeploymentName[]): Promise<void> {
  const wanted = new Set<string>(kept.map(refOf));
  const unused = listRefs(repo, PREFIX).filter(({ ref }) => !wanted.has(ref));
  if (unused.length === 0) return;
  await withRepoLock(repo, () => unused.forEach(({ ref }) => deleteRef(repo, ref)));
}

function refOf(name: DeploymentName): RefName {
  return parseRefName(`${PREFIX}/${name.stateroot}/${deploymentId(name)}`);
}
