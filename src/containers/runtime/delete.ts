/** Removing containers. */
import { constants } from "node:os";
import { AtomicError, isAtomicError } from "../../errors.ts";
import { removeCgroups, removeEmptyCgroups } from "../cgroup/apply.ts";
import { killCgroups } from "../cgroup/processes.ts";
import type { ContainerId } from "./container-id.ts";
import { isAlive, signalProcess } from "./process-identity.ts";
import { containerDirectory, type ContainerRecord, readRecord, removeContainerDirectory } from "./record.ts";
import { containerStatus } from "./state.ts";
import { existsSync } from "node:fs";

const WAIT_MS = 2;
const ATTEMPTS = 5000;

/**
 * Removes a container that has stopped; with `force` it is killed first, and one that does not exist is no error.
 * What a crash left of one that was being created counts as stopped once none of its processes is left.
 * @throws AtomicError not-found, conflict when it has not stopped
 */
export function deleteContainer(state: string, id: ContainerId, force = false): ContainerRecord | undefined {
  const record = find(state, id, force);
  if (record === undefined) return undefined;
  const status = containerStatus(state, record);
  if (!force && status !== "stopped" && status !== "creating")
    throw new AtomicError("conflict", `deleting the container ${id}: it is ${status}`, {
      hint: `atomic-runtime delete --force ${id}`,
    });
  if (record.process !== undefined && signalProcess(record.process, constants.signals.SIGKILL)) awaitEnd(record);
  const left = removeEmptyCgroups(record.cgroups);
  if (left.length > 0) killCgroups(record.cgroups);
  removeCgroups(left);
  removeContainerDirectory(state, id);
  return record;
}

function find(state: string, id: ContainerId, force: boolean): ContainerRecord | undefined {
  try {
    return readRecord(state, id);
  } catch (error) {
    if (!isAtomicError(error, "not-found")) throw error;
    // A directory without a record: a crash before anything of the container existed.
    if (existsSync(containerDirectory(state, id))) removeContainerDirectory(state, id);
    else if (!force) throw error;
    return undefined;
  }
}

function awaitEnd({ id, process }: ContainerRecord): void {
  for (let attempt = 1; isAlive(process); attempt += 1) {
    if (attempt === ATTEMPTS) throw new AtomicError("conflict", `deleting the container ${id}: it does not end`);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, WAIT_MS);
  }
}
