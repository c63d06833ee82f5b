/** A `/usr` that can be changed until the next reboot. */
import { join } from "node:path";
import { AtomicError } from "../errors.ts";
import { mount, readMounts } from "../linux/index.ts";
import { bootedDeployment, loadHostState } from "./host-state.ts";
import { type Sysroot, withSysrootLock } from "./sysroot.ts";

/** What the mount is called in `/proc/self/mountinfo`. */
const SOURCE = "atomic-unlocked";
/** Gone at the next reboot, with all that was changed. */
const CHANGES = "/run/atomic/unlocked";

export interface UnlockOptions {
  commandLine?: string;
  /** Where the booted deployment is mounted. */
  root?: string;
  /** Where changes go, on a filesystem that a reboot empties. */
  changes?: string;
}

/**
 * Puts a writable layer over the booted deployment's `/usr`; the deployment itself stays as it is.
 * @throws AtomicError conflict when no deployment is booted; nothing-to-do when it is unlocked; unsupported, permission
 */
export async function unlock(
  sysroot: Sysroot,
  { commandLine, root = "/", changes = CHANGES }: UnlockOptions = {},
): Promise<{ id: string }> {
  return withSysrootLock(sysroot, async () => {
    const booted = bootedDeployment(loadHostState(sysroot, commandLine));
    if (booted === undefined) {
      throw new AtomicError("conflict", "unlocking /usr: no deployment is booted", { hint: "atomic host status" });
    }
    if (isUnlocked(root)) throw new AtomicError("nothing-to-do", `unlocking /usr of ${booted.id}: it is unlocked`);
    const [upper, work, usr] = [join(changes, "upper"), join(changes, "work"), join(root, "usr")];
    for (const directory of [changes, upper, work]) sysroot.disk.ensureDirectory(directory, 0o755);
    mount({
      source: SOURCE,
      target: usr,
      type: "overlay",
      data: `lowerdir=${usr},upperdir=${upper},workdir=${work}`,
    });
    return { id: booted.id };
  });
}

/** Whether `/usr` of the running system can be changed. */
export function isUnlocked(root = "/"): boolean {
  return readMounts().some(({ path, source }) => path === join(root, "usr") && source === SOURCE);
}
