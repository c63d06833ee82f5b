/** The deployment whose `/etc` an operator means: the booted one, else the one that boots next. */
import { join } from "node:path";
import { AtomicError } from "../../errors.ts";
import type { Deployment } from "../deployment.ts";
import { bootedDeployment, findDeployment, type HostState } from "../host-state.ts";
import { deploymentPath, type Sysroot } from "../sysroot.ts";

/** The deployment `target` (index or id) names, or the usual one. @throws AtomicError not-found */
export function etcDeployment(state: HostState, target?: string): Deployment {
  if (target !== undefined) return findDeployment(state, target);
  const found = bootedDeployment(state) ?? state.deployments.find(({ staged }) => !staged);
  if (found !== undefined) return found;
  throw new AtomicError("not-found", "looking for the live /etc: nothing is deployed", {
    hint: "atomic host deploy SPEC",
  });
}

/** Where a deployment's `/etc` is. */
export function etcPath(sysroot: Sysroot, deployment: Deployment): string {
  return join(deploymentPath(sysroot, deployment), "etc");
}
