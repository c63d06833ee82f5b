import { AtomicError } from "../errors.ts";
import { applyPlan } from "./apply-plan.ts";
import { readConfig } from "./config.ts";
import { loadHostState } from "./host-state.ts";
import { describeStep } from "./plan.ts";
import { planFinalize } from "./plan-finalize.ts";
import { prepareDeployment } from "./prepare-deployment.ts";
import { type Sysroot, withSysrootLock } from "./sysroot.ts";

/**
 * Makes the staged deployment what boots next, `/etc` merged once more; run at shutdown.
 * @throws AtomicError nothing-to-do when nothing is staged, no-space, corrupt, locked, read-only
 */
export async function finalize(
  sysroot: Sysroot,
  { now, commandLine }: { now?: number; commandLine?: string } = {},
): Promise<{ id: string; steps: string[] }> {
  return withSysrootLock(sysroot, async () => {
    const state = loadHostState(sysroot, commandLine);
    const staged = state.deployments.find((deployment) => deployment.staged);
    if (staged === undefined) throw new AtomicError("nothing-to-do", "finalizing: nothing is staged");
    const { retain, bootTries } = readConfig(sysroot);
    const steps = planFinalize(state, { time: now ?? Math.floor(Date.now() / 1000) }, retain);
    const prepared = prepareDeployment(sysroot, staged.commit);
    await applyPlan({ sysroot, state, prepared, bootTries }, steps);
    return { id: staged.id, steps: steps.map(describeStep) };
  });
}
