/** Removing containers. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { AtomicError } from "../../errors.ts";
import { killCgroups } from "../cgroup/processes.ts";
import { parseContainerId } from "../runtime/container-id.ts";
import { deleteContainer } from "../runtime/delete.ts";
import { isAlive } from "../runtime/process-identity.ts";
import { lockContainer } from "./lock.ts";
import { disconnectNamed } from "./network.ts";
import { bundleDirectory, containerNames, dataDirectory, type Engine, namesIn, runtimeState } from "./place.ts";
import { type NamedContainer, runtimeRecord, TEMPORARY, temporaryDirectory } from "./record.ts";
import { unmountRoot } from "./rootfs.ts";
import { isRunning, namedStatus } from "./status.ts";
import { stopUnit } from "./unit.ts";

interface RemoveOptions {
  /** Kill it first when it runs. */
  force: boolean;
  /** Wait for another command that is at it. */
  wait?: boolean;
}

/** Removes a container with all it wrote. @throws AtomicError conflict while it runs, not-found when it is gone, locked */
export async function removeContainer(
  engine: Engine,
  container: NamedContainer,
  { force, wait = true }: RemoveOptions,
): Promise<void> {
  const { name, id, options } = container;
  if (force && options.unit === true) {
    killCgroups(runtimeRecord(engine, container)?.cgroups ?? []);
    stopUnit(container);
    if (options.remove && !containerNames(engine).includes(name)) return; // gone with its end
  }
  const unlock = lockContainer(engine, container, { wait });
  try {
    const present = namedStatus(engine, container);
    if (!force && isRunning(present)) {
      throw new AtomicError("conflict", `removing container ${name}: it is ${present.status}`, {
        hint: `atomic rm --force ${name}`,
      });
    }
    await disconnectNamed(engine, container);
    deleteContainer(runtimeState(engine), parseContainerId(id), true);
    unmountRoot(engine, container);
    rmSync(bundleDirectory(engine, id), { recursive: true, force: true });
    // Cut off from here on, there is no such container, and the next command removes the rest.
    const { disk } = engine.repo;
    const leftover = temporaryDirectory(engine, id);
    disk.rename(dataDirectory(engine, name), leftover);
    disk.removeTree(leftover);
  } finally {
    unlock();
  }
}

/** Removes what commands that were cut off left of containers. */
export function removeLeftovers(engine: Engine): void {
  for (const name of namesIn(engine.data)) {
    const [, pid, startTime] = /^(\d+)-(\d+)-/.exec(name.slice(TEMPORARY.length)) ?? [];
    if (!name.startsWith(TEMPORARY) || pid === undefined || startTime === undefined) continue;
    if (!isAlive({ pid: Number(pid), startTime })) engine.repo.disk.removeTree(join(engine.data, name));
  }
}
