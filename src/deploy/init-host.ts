import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Durable } from "../durable.ts";
import { AtomicError } from "../errors.ts";
import { DEFAULT_STATEROOT } from "./default-stateroot.ts";
import { parseStateroot, type Stateroot } from "./deployment-id.ts";
import { initStateroot, initSysroot, openSysroot, staterootPath, type Sysroot, withSysrootLock } from "./sysroot.ts";

/**
 * Makes a sysroot in `path`, or a further stateroot in the one there.
 * @throws AtomicError exists when there is one with that stateroot, usage
 */
export async function initHost(
  path: string,
  { stateroot, disk }: { stateroot?: string; disk: Durable },
): Promise<{ sysroot: Sysroot; stateroot: Stateroot }> {
  const name = stateroot === undefined ? DEFAULT_STATEROOT : parseStateroot(stateroot);
  if (!existsSync(join(path, "atomic/format.json")))
    return { sysroot: initSysroot(path, { stateroot: name, disk }), stateroot: name };
  const sysroot = openSysroot(path, disk);
  await withSysrootLock(sysroot, async () => {
    if (existsSync(staterootPath(sysroot, name))) {
      throw new AtomicError("exists", `making stateroot ${name} in ${sysroot.path}: there is one already`, {
        hint: `atomic host status --sysroot ${sysroot.path}`,
      });
    }
    initStateroot(sysroot.path, name, disk);
    disk.barrier(sysroot.path);
  });
  return { sysroot, stateroot: name };
}
