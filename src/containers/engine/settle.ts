/** What is to be done once a container has ended. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { isAtomicError } from "../../errors.ts";
import { START_FIFO } from "../launch/files.ts";
import { parseContainerId } from "../runtime/container-id.ts";
import { deleteContainer } from "../runtime/delete.ts";
import { isAlive } from "../runtime/process-identity.ts";
import { containerDirectory } from "../runtime/record.ts";
import { noteOutOfMemory } from "./exit.ts";
import { lockContainer } from "./lock.ts";
import { disconnectNamed } from "./network.ts";
import { type Engine, runtimeState } from "./place.ts";
import { listNamed, type NamedContainer, runtimeRecord } from "./record.ts";
import { removeContainer, removeLeftovers } from "./remove.ts";
import { isRunning, namedStatus } from "./status.ts";

/**
 * Gives back what a container had while it ran, and removes one that was to be removed at its end; one that runs is left
 * alone. Doing it again changes nothing.
 * @param wait for another command that is at it
 * @throws AtomicError not-found when it is gone, locked
 */
export async function settleContainer(
  engine: Engine,
  container: NamedContainer,
  { wait = true }: { wait?: boolean } = {},
): Promise<void> {
  const unlock = lockContainer(engine, container, { wait });
  try {
    if (isRunning(namedStatus(engine, container))) return;
    const record = runtimeRecord(engine, container);
    if (record !== undefined) {
      noteOutOfMemory(engine, container, record.cgroups);
      await disconnectNamed(engine, container);
      deleteContainer(runtimeState(engine), parseContainerId(container.id), true);
    }
  } finally {
    unlock();
  }
  if (container.options.remove) await removeContainer(engine, container, { force: false, wait });
}

/** Settles what nobody else does: containers whose starter or watcher was killed, and what cut off commands left. */
export async function settleEnded(engine: Engine): Promise<void> {
  for (const container of listNamed(engine)) {
    if (hasStarted(engine, container)) continue;
    const present = namedStatus(engine, container);
    const { remove } = container.options;
    const isOver = remove && (present.status === "exited" || !isAlive(container.creator));
    if (!isOver && runtimeRecord(engine, container) === undefined) continue;
    try {
      await settleContainer(engine, container, { wait: false });
    } catch (error) {
      // Another command starts or removes it.
      const codes = ["locked", "not-found", "conflict"] as const;
      if (!codes.some((code) => isAtomicError(error, code))) throw error;
    }
  }
  removeLeftovers(engine);
}

/** True while it runs. Asked of every container, so it reads no more than it takes. */
function hasStarted(engine: Engine, container: NamedContainer): boolean {
  const record = runtimeRecord(engine, container);
  if (!isAlive(record?.process)) return false;
  return !existsSync(join(containerDirectory(runtimeState(engine), parseContainerId(container.id)), START_FIFO));
}
