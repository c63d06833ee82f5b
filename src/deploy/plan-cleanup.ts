/** The plan that removes what nothing needs. */
import type { DeploymentName } from "./deployment-id.ts";
import type { HostState } from "./host-state.ts";
import type { Step } from "./plan.ts";
import { nameOf, unstage } from "./plan-deploy.ts";
import { retained, retentionReasons } from "./retention.ts";

/** Plans a cleanup in every stateroot; a boot switch is part of it when deployments go or a crash left doubled entries. */
export function planCleanup(state: HostState, retain: number): Step[] {
  const order = retained(state).filter((_, index) => !state.deployments[index]!.staged);
  const stateroots = [...new Set(order.map(({ stateroot }) => stateroot))];
  const keep: DeploymentName[] = [];
  const drop: DeploymentName[] = [];
  const reasons = new Map(stateroots.map((stateroot) => [stateroot, retentionReasons({ order, stateroot, retain })]));
  order.forEach((deployment, index) => {
    const why = reasons.get(deployment.stateroot)![index]!;
    (why.length > 0 ? keep : drop).push(nameOf(deployment));
  });
  return [
    ...(state.deployments.some(({ staged }) => staged) ? [] : unstage(state)),
    ...(keep.length > 0 ? [{ kind: "switch-boot", order: keep } as const] : []),
    ...[...drop, ...state.leftovers].map((deployment): Step => ({ kind: "remove-deployment", deployment })),
    { kind: "remove-unfinished" },
    { kind: "collect-kernels" },
    { kind: "release-commits" },
  ];
}
