import { applyPlan } from "./apply-plan.ts";
import { readConfig } from "./config.ts";
import { deploymentId } from "./deployment-id.ts";
import { findDeployment, type HostState, loadHostState } from "./host-state.ts";
import { describeStep, type Step } from "./plan.ts";
import { planRollback, planUndeploy } from "./plan-reorder.ts";
import { type Sysroot, withSysrootLock } from "./sysroot.ts";

export interface ReorderOptions {
  dryRun?: boolean;
  /** Why, for the history. */
  reason?: string;
  /** Seconds since the epoch; now without it. */
  now?: number;
  /** The kernel's command line; that of this machine without it. */
  commandLine?: string;
}
export interface ReorderResult {
  /** The deployment that boots next. */
  id: string;
  dryRun: boolean;
  /** The plan, one line a step. */
  steps: string[];
}

/**
 * Makes the previous deployment, or `to` (index or id), what boots next.
 * @throws AtomicError nothing-to-do, conflict when there is none, not-found, locked, read-only
 */
export async function rollback(
  sysroot: Sysroot,
  options: ReorderOptions & { to?: string } = {},
): Promise<ReorderResult> {
  return withSysrootLock(sysroot, async () => {
    const state = loadHostState(sysroot, options.commandLine);
    const target = options.to === undefined ? undefined : findDeployment(state, options.to);
    return carryOut(sysroot, state, planRollback(state, occasionOf(options), target), options);
  });
}

/**
 * Removes the deployment `target` (index or id).
 * @throws AtomicError conflict for the booted, a pinned or the only one; not-found, locked, read-only
 */
export async function undeploy(sysroot: Sysroot, options: ReorderOptions & { target: string }): Promise<ReorderResult> {
  return withSysrootLock(sysroot, async () => {
    const state = loadHostState(sysroot, options.commandLine);
    const steps = planUndeploy(state, occasionOf(options), findDeployment(state, options.target));
    return carryOut(sysroot, state, steps, options);
  });
}

async function carryOut(
  sysroot: Sysroot,
  state: HostState,
  steps: readonly Step[],
  { dryRun = false }: ReorderOptions,
): Promise<ReorderResult> {
  const switched = steps.flatMap((step) => (step.kind === "switch-boot" ? step.order.slice(0, 1) : []))[0];
  const next = switched ?? state.deployments.find(({ staged }) => !staged);
  if (!dryRun) await applyPlan({ sysroot, state, bootTries: readConfig(sysroot).bootTries }, steps);
  return { id: next === undefined ? "" : deploymentId(next), dryRun, steps: steps.map(describeStep) };
}

function occasionOf({ now, reason }: ReorderOptions): { time: number; reason?: string } {
  return { time: now ?? Math.floor(Date.now() / 1000), ...(reason === undefined ? {} : { reason }) };
}
