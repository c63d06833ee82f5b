/** Removing containers. */
import { join } from "node:path";
import { AtomicError, isAtomicError } from "../../errors.ts";
import { removeCgroups } from "../cgroup/apply.ts";
import { killCgroups } from "../cgroup/processes.ts";
import { containerNames, type Engine } from "./place.ts";
import { type ContainerRecord, forgetContainer, readNamed } from "./record.ts";
import { unmountRoot } from "./rootfs.ts";
import { containerStatus } from "./status.ts";

/** Removes a container with all it wrote. @throws AtomicError conflict while it runs, unless forced */
export function removeContainer(engine: Engine, record: ContainerRecord, { force }: { force: boolean }): void {
  const { name, cgroups } = record;
  const { status } = containerStatus(engine, record);
  if (!force && (status === "running" || status === "paused")) {
    throw new AtomicError("conflict", `removing container ${name}: it is ${status}`, {
      hint: `atomic rm --force ${name}`,
    });
  }
  killCgroups(cgroups);
  removeCgroups(cgroups);
  unmountRoot(engine, name);
  engine.repo.disk.removeTree(join(engine.data, name));
  forgetContainer(engine, name);
}

/** Removes those that ended in the background and were to be removed then: nobody else does it. */
export function removeEnded(engine: Engine): void {
  for (const name of containerNames(engine)) {
    try {
      const record = readNamed(engine, name);
      if (record.remove && containerStatus(engine, record).status === "exited")
        removeContainer(engine, record, { force: true });
    } catch (error) {
      // Another command removes it, or has not finished making it.
      if (!isAtomicError(error, "not-found")) throw error;
    }
  }
}
