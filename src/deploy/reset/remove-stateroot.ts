import { dirname } from "node:path";
import { AtomicError } from "../../errors.ts";
import { loadHostState } from "../host-state.ts";
import { requireStateroot, staterootPath, type Sysroot, withSysrootLock } from "../sysroot.ts";

export interface RemoveStaterootOptions {
  name: string;
  /** Asked before anything is removed; false leaves the host as it is. */
  confirm?: (path: string) => boolean;
  commandLine?: string;
}

/**
 * Removes a stateroot in which nothing is deployed: its `/var`, and the histories of it and of its `/etc`.
 * @throws AtomicError conflict when a deployment is in it or it was not confirmed; not-found, usage, locked, read-only
 */
export async function removeStateroot(sysroot: Sysroot, options: RemoveStaterootOptions): Promise<{ path: string }> {
  return withSysrootLock(sysroot, async () => {
    const name = requireStateroot(sysroot, options.name);
    const state = loadHostState(sysroot, options.commandLine);
    const removing = `removing stateroot ${name}`;
    const used = [...state.deployments, ...state.damaged].some(({ stateroot }) => stateroot === name);
    if (used) {
      throw new AtomicError("conflict", `${removing}: it has deployments`, { hint: "atomic host undeploy INDEX" });
    }
    const path = staterootPath(sysroot, name);
    if (options.confirm?.(path) === false) throw new AtomicError("conflict", `${removing}: not confirmed`);
    sysroot.disk.removeTree(path);
    sysroot.disk.fsyncDirectory(dirname(path));
    return { path };
  });
}
