import { AtomicError } from "../errors.ts";
import { applyPlan } from "./apply-plan.ts";
import { findDeployment, loadHostState } from "./host-state.ts";
import { nameOf } from "./plan-deploy.ts";
import { type Sysroot, withSysrootLock } from "./sysroot.ts";

export interface PinOptions {
  /** Index in boot order, or id. */
  target: string;
  pinned: boolean;
  /** The kernel's command line; that of this machine without it. */
  commandLine?: string;
}

/**
 * Pins a deployment, which keeps it through every cleanup, or unpins it.
 * @throws AtomicError nothing-to-do when it is so already, conflict for a staged one, not-found, locked, read-only
 */
export async function setPinned(
  sysroot: Sysroot,
  { target, pinned, commandLine }: PinOptions,
): Promise<{ id: string }> {
  return withSysrootLock(sysroot, async () => {
    const state = loadHostState(sysroot, commandLine);
    const deployment = findDeployment(state, target);
    const doing = `${pinned ? "pinning" : "unpinning"} ${deployment.id}`;
    if (deployment.staged) throw new AtomicError("conflict", `${doing}: it is staged, not yet bootable`);
    if (deployment.origin.pinned === pinned) {
      throw new AtomicError("nothing-to-do", `${doing}: it is ${pinned ? "pinned" : "not pinned"} already`);
    }
    await applyPlan({ sysroot, state, bootTries: 0 }, [{ kind: "set-pinned", deployment: nameOf(deployment), pinned }]);
    return { id: deployment.id };
  });
}
