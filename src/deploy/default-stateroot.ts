/** The stateroot an operator means without naming one. */
import { join } from "node:path";
import { parseStateroot, type Stateroot } from "./deployment-id.ts";
import { bootedDeployment, type HostState } from "./host-state.ts";
import { listNames } from "./list-names.ts";
import { requireStateroot, type Sysroot } from "./sysroot.ts";

/** The name of the first stateroot of a sysroot. */
export const DEFAULT_STATEROOT = parseStateroot("default");

/**
 * The named stateroot; else that of the booted deployment, of the one that boots next, the only one, or `default`.
 * @throws AtomicError usage, not-found
 */
export function chooseStateroot(sysroot: Sysroot, state: HostState, name?: string): Stateroot {
  if (name !== undefined) return requireStateroot(sysroot, name);
  const known = (bootedDeployment(state) ?? state.deployments[0])?.stateroot;
  if (known !== undefined) return known;
  const names = listNames(join(sysroot.path, "atomic/deploy"));
  return requireStateroot(sysroot, names.length === 1 ? names[0]! : DEFAULT_STATEROOT);
}
