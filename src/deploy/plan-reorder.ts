/** Plans that change what boots without making a deployment. */
import { AtomicError } from "../errors.ts";
import { isSameDeployment } from "./deployment-id.ts";
import type { Deployment } from "./deployment.ts";
import type { HostState } from "./host-state.ts";
import type { Step } from "./plan.ts";
import { nameOf, removals, unstage } from "./plan-deploy.ts";
import { withFirst } from "./retention.ts";

/** What an operator says about a change. */
export interface Occasion {
  /** Seconds since the epoch. */
  time: number;
  reason?: string;
}

/**
 * Plans the return to `target`, or without one to the previous deployment: when the booted one is not what boots next
 * it is that one, else the rollback. A staged deployment is given up.
 * @throws AtomicError conflict when there is nothing to return to, nothing-to-do when the target boots next already
 */
export function planRollback(state: HostState, occasion: Occasion, target?: Deployment): Step[] {
  const to = target ?? previous(state);
  const listed = state.deployments.filter(({ staged }) => !staged);
  const staged = state.deployments.filter((deployment) => deployment.staged);
  const [before] = listed;
  if (to.staged || before === undefined) {
    throw new AtomicError("conflict", `rolling back to ${to.id}: it is staged, not yet bootable`, {
      hint: "atomic host status",
    });
  }
  if (isSameDeployment(before, to) && staged.length === 0) {
    throw new AtomicError("nothing-to-do", `rolling back to ${to.id}: it is what boots next`);
  }
  return [
    { kind: "switch-boot", order: withFirst(listed.map(nameOf), nameOf(to)) },
    ...unstage(state),
    {
      kind: "record-event",
      stateroot: to.stateroot,
      event: { ...occasion, action: "rollback", from: before.id, to: to.id, ...specOf(to) },
    },
    ...removals(staged.map(nameOf)),
  ];
}

/**
 * Plans the removal of one deployment.
 * @throws AtomicError conflict for the booted, a pinned or the only one
 */
export function planUndeploy(state: HostState, occasion: Occasion, target: Deployment): Step[] {
  const refuse = (why: string, hint: string) =>
    new AtomicError("conflict", `removing deployment ${target.id}: ${why}`, { hint });
  if (target.booted) throw refuse("it is booted", "atomic host rollback");
  if (target.origin.pinned) throw refuse("it is pinned", `atomic host unpin ${state.deployments.indexOf(target)}`);
  if (target.staged) return [{ kind: "unstage" }, ...removals([nameOf(target)])];

  const order = state.deployments.filter((other) => !other.staged && !isSameDeployment(other, target));
  const [next] = order;
  if (next === undefined) throw refuse("nothing else could boot", "atomic host deploy SPEC");
  return [
    { kind: "switch-boot", order: order.map(nameOf) },
    {
      kind: "record-event",
      stateroot: target.stateroot,
      event: { ...occasion, action: "undeploy", from: target.id, to: next.id, ...specOf(next) },
    },
    ...removals([nameOf(target)]),
  ];
}

function previous(state: HostState): Deployment {
  const booted = state.deployments.find((deployment) => deployment.booted);
  const found =
    booted !== undefined && !isFirst(state, booted) ? booted : state.deployments.find(({ rollback }) => rollback);
  if (found === undefined) {
    throw new AtomicError("conflict", "rolling back: there is no other deployment", { hint: "atomic host status" });
  }
  return found;
}

function isFirst(state: HostState, deployment: Deployment): boolean {
  return state.deployments[0] !== undefined && isSameDeployment(state.deployments[0], deployment);
}

/** What the history says of a deployment. */
export function specOf({ origin }: Deployment): { spec: string; version?: string } {
  return { spec: origin.spec, ...(origin.version === undefined ? {} : { version: origin.version }) };
}
