import { pruneUnused } from "../containers/index.ts";
import type { PruneResult } from "../ostree/index.ts";
import { applyPlan } from "./apply-plan.ts";
import { readConfig } from "./config.ts";
import { loadHostState } from "./host-state.ts";
import { describeStep, type Step } from "./plan.ts";
import { planCleanup } from "./plan-cleanup.ts";
import { type Sysroot, withSysrootLock } from "./sysroot.ts";

export interface CleanupResult {
  dryRun: boolean;
  /** The plan, one line a step. */
  steps: string[];
  /** Objects of the store, counted or removed. */
  pruned: PruneResult;
}

/**
 * Removes what nothing needs: deployments beyond retention, what interrupted runs left, kernels, and the objects that
 * neither a ref nor a deployment names. A ref's older commits go too.
 * @throws AtomicError corrupt when what is needed is unknown; locked, read-only
 */
export async function cleanup(
  sysroot: Sysroot,
  { dryRun = false, retain, commandLine }: { dryRun?: boolean; retain?: number; commandLine?: string } = {},
): Promise<CleanupResult> {
  return withSysrootLock(sysroot, async () => {
    const state = loadHostState(sysroot, commandLine);
    const config = readConfig(sysroot);
    const steps: Step[] = planCleanup(state, retain ?? config.retain);
    if (!dryRun) await applyPlan({ sysroot, state, bootTries: config.bootTries }, steps);
    const pruned = await pruneUnused(sysroot.repo, { depth: 0, dryRun });
    return { dryRun, steps: [...steps.map(describeStep), "remove objects that nothing needs"], pruned };
  });
}
