/** What is to be done once a container has ended. */
import { isAtomicError } from "../../errors.ts";
import { parseContainerId } from "../runtime/container-id.ts";
import { deleteContainer } from "../runtime/delete.ts";
import { isAlive } from "../runtime/process-identity.ts";
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
    const present = namedStatus(engine, container);
    if (isRunning(present)) continue;
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
