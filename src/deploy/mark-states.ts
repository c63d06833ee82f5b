/** Which deployment is booted, pending or the rollback, from the boot order and the kernel argument. */
import { type DeploymentName, isSameDeployment } from "./deployment-id.ts";
import type { Deployment } from "./deployment.ts";

/**
 * Marks deployments that stand in boot order. Pending is the first one, unless it is booted; rollback is the next one
 * after the booted of the same stateroot that has not failed. Where nothing is booted, as in a sysroot being prepared, the first takes the
 * place of the booted one.
 */
export function markStates(deployments: readonly Deployment[], booted: DeploymentName | undefined): Deployment[] {
  const at = booted === undefined ? -1 : deployments.findIndex((deployment) => isSameDeployment(deployment, booted));
  const current = Math.max(0, at);
  const stateroot = deployments[current]?.stateroot;
  const failed = deployments.map(({ entry }, index) => entry?.counter?.left === 0 && index !== at);
  const rollback = deployments.findIndex(
    (other, index) => index > current && other.stateroot === stateroot && !failed[index],
  );
  return deployments.map((deployment, index) => ({
    ...deployment,
    booted: index === at,
    pending: index === 0 && at !== 0,
    failed: failed[index] === true,
    rollback: index === rollback,
  }));
}
