import { AtomicError } from "../errors.ts";
import { chooseStateroot } from "./default-stateroot.ts";
import { findDeployment, loadHostState } from "./host-state.ts";
import { type DeployResult, editKargs, type KargEdits, makeDeployment, type MakeOptions } from "./make-deployment.ts";
import { nextOf } from "./plan-deploy.ts";
import { type Sysroot, withSysrootLock } from "./sysroot.ts";

export interface ChangeKargsOptions extends Omit<MakeOptions, "kargs"> {
  edits: KargEdits;
  stateroot?: string;
  /** The kernel's command line; that of this machine without it. */
  commandLine?: string;
}

/** The kernel arguments of a deployment (index or id), of the one that boots next without it. @throws AtomicError not-found */
export function hostKargs(sysroot: Sysroot, target = "0", commandLine?: string): string[] {
  return findDeployment(loadHostState(sysroot, commandLine), target).origin.kargs;
}

/**
 * Makes a deployment of what boots next with other kernel arguments.
 * @throws AtomicError nothing-to-do when they would be the same; not-found, conflict (deleting), no-space, locked, read-only
 */
export async function changeKargs(sysroot: Sysroot, options: ChangeKargsOptions): Promise<DeployResult> {
  return withSysrootLock(sysroot, async () => {
    const state = loadHostState(sysroot, options.commandLine);
    const stateroot = chooseStateroot(sysroot, state, options.stateroot);
    const current = nextOf(state, stateroot);
    if (current === undefined) {
      throw new AtomicError("conflict", `changing kernel arguments: nothing is deployed in stateroot ${stateroot}`, {
        hint: "atomic host deploy SPEC",
      });
    }
    const { spec, from, kargs } = current.origin;
    const wanted = editKargs(kargs, options.edits);
    if (wanted.join(" ") === kargs.join(" ")) {
      throw new AtomicError("nothing-to-do", `changing kernel arguments: they are '${kargs.join(" ")}' already`);
    }
    return makeDeployment(sysroot, state, {
      ...options,
      stateroot,
      commit: current.commit,
      spec,
      action: "kargs",
      kargs: options.edits,
      ...(from === undefined ? {} : { from }),
    });
  });
}
