import { AtomicError, isAtomicError } from "../errors.ts";
import { applyPlan } from "./apply-plan.ts";
import { readConfig } from "./config.ts";
import { deploymentId, isSameDeployment } from "./deployment-id.ts";
import { recordFinalizeFailure } from "./finalize-failure.ts";
import { type HostState, loadHostState } from "./host-state.ts";
import { describeStep } from "./plan.ts";
import { planFinalize } from "./plan-finalize.ts";
import { prepareDeployment } from "./prepare-deployment.ts";
import { clearStaged } from "./staged.ts";
import { type Sysroot, withSysrootLock } from "./sysroot.ts";

export interface FinalizeResult {
  id: string;
  steps: string[];
}

/**
 * Makes the staged deployment what boots next, `/etc` merged once more; run at shutdown. A failure is recorded for
 * `status` of the old host, which boots then.
 * @throws AtomicError nothing-to-do when nothing is staged, no-space, corrupt, locked, read-only
 */
export async function finalize(
  sysroot: Sysroot,
  { now, commandLine }: { now?: number; commandLine?: string } = {},
): Promise<FinalizeResult> {
  const time = now ?? Math.floor(Date.now() / 1000);
  try {
    return await withSysrootLock(sysroot, () => finalizeStaged(sysroot, loadHostState(sysroot, commandLine), time));
  } catch (error) {
    const failed = !isAtomicError(error, "nothing-to-do") && !isAtomicError(error, "read-only");
    if (failed) recordFinalizeFailure(sysroot, { time, reason: (error as Error).message });
    throw error;
  }
}

async function finalizeStaged(sysroot: Sysroot, state: HostState, time: number): Promise<FinalizeResult> {
  const staged = state.deployments.find((deployment) => deployment.staged);
  if (staged === undefined) {
    const name = state.staged?.name;
    if (name !== undefined && state.damaged.some((other) => isSameDeployment(other, name))) {
      throw new AtomicError("corrupt", `finalizing ${deploymentId(name)}: it cannot be used`, {
        hint: "atomic host upgrade",
      });
    }
    clearStaged(sysroot); // finalized before, and cut short after what counts
    throw new AtomicError("nothing-to-do", "finalizing: nothing is staged");
  }
  const { retain, bootTries } = readConfig(sysroot);
  const steps = planFinalize(state, { time }, retain);
  const prepared = prepareDeployment(sysroot, staged.commit);
  await applyPlan({ sysroot, state, prepared, bootTries }, steps);
  return { id: staged.id, steps: steps.map(describeStep) };
}
