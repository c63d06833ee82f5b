/** Which deployments a host keeps, and why. */
import type { HostState } from "./host-state.ts";
import { type DeploymentName, isSameDeployment, type Stateroot } from "./deployment-id.ts";

/** What retention needs to know of a deployment. */
export interface Retained extends DeploymentName {
  booted: boolean;
  pinned: boolean;
  /** Its boot attempts are used up. */
  failed: boolean;
  /** Known to boot: its attempts are not, or no longer, counted. */
  good: boolean;
}

/** Why a deployment is kept. */
export type Reason = "default" | "booted" | "rollback" | "pinned" | "last known good" | "retain" | "other stateroot";

export interface RetentionRequest {
  /** In the boot order to come. */
  order: readonly Retained[];
  /** The stateroot that changes; those of others are all kept. */
  stateroot: Stateroot;
  /** Keep at least so many of the stateroot, newest first. */
  retain: number;
}

/** For each deployment, in the given order, the reasons to keep it; one without any goes. */
export function retentionReasons({ order, stateroot, retain }: RetentionRequest): Reason[][] {
  const own = order.filter((deployment) => deployment.stateroot === stateroot);
  const current = own.find(({ booted }) => booted) ?? own[0];
  const rollback =
    current === undefined ? undefined : own.slice(own.indexOf(current) + 1).find(({ failed }) => !failed);
  const lastGood = own.slice(current === undefined ? 0 : own.indexOf(current)).find(({ good }) => good);

  return order.map((deployment) => {
    if (deployment.stateroot !== stateroot) return ["other stateroot"];
    const index = own.indexOf(deployment);
    const reasons: [Reason, boolean][] = [
      ["default", index === 0],
      ["booted", deployment.booted],
      ["rollback", deployment === rollback],
      ["pinned", deployment.pinned],
      ["last known good", deployment === lastGood],
      ["retain", index < retain],
    ];
    return reasons.flatMap(([reason, holds]) => (holds ? [reason] : []));
  });
}

/** The deployments of `state` as retention sees them. */
export function retained(state: HostState): Retained[] {
  return state.deployments.map((deployment) => ({
    stateroot: deployment.stateroot,
    commit: deployment.commit,
    serial: deployment.serial,
    booted: deployment.booted,
    pinned: deployment.origin.pinned,
    failed: deployment.failed,
    good: deployment.entry !== undefined && deployment.entry.counter === undefined,
  }));
}

/** Splits `order` into what stays and what goes. */
export function applyRetention(request: RetentionRequest): { keep: DeploymentName[]; drop: DeploymentName[] } {
  const reasons = retentionReasons(request);
  const named = request.order.map(({ stateroot, commit, serial }) => ({ stateroot, commit, serial }));
  return {
    keep: named.filter((_, index) => reasons[index]!.length > 0),
    drop: named.filter((_, index) => reasons[index]!.length === 0),
  };
}

/** `order` with `first` at its head. */
export function withFirst<T extends DeploymentName>(order: readonly T[], first: T): T[] {
  return [first, ...order.filter((deployment) => !isSameDeployment(deployment, first))];
}
