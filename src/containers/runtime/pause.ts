/** Stopping a container's processes where they are, and letting them go on. */
import { AtomicError } from "../../errors.ts";
import { freezeCgroups } from "../cgroup/processes.ts";
import type { ContainerId } from "./container-id.ts";
import { readRecord } from "./record.ts";
import { containerStatus } from "./state.ts";

/** @throws AtomicError not-found, conflict when it is not running (paused), unsupported without a freezer */
export function pauseContainer(state: string, id: ContainerId, paused: boolean): void {
  const record = readRecord(state, id);
  const status = containerStatus(state, record);
  if (status !== (paused ? "running" : "paused"))
    throw new AtomicError("conflict", `${paused ? "pausing" : "resuming"} the container ${id}: it is ${status}`);
  freezeCgroups(record.cgroups, paused);
}
