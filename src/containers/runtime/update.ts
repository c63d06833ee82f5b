/** Changing the limits of a container that is there. */
import { AtomicError } from "../../errors.ts";
import { updateCgroups } from "../cgroup/apply.ts";
import type { Resources } from "../spec/resources.ts";
import type { ContainerId } from "./container-id.ts";
import { readHost } from "./host.ts";
import { planContainerCgroups } from "./prepare.ts";
import { readRecord, writeRecord } from "./record.ts";
import { containerStatus } from "./state.ts";

/**
 * Sets the limits that `change` names; the others, and the devices, stay.
 * @throws AtomicError not-found, conflict when it has stopped, unsupported, or what the kernel refused
 */
export function updateContainer(state: string, id: ContainerId, change: Resources): void {
  const record = readRecord(state, id);
  const status = containerStatus(state, record);
  if (status === "stopped" || status === "creating")
    throw new AtomicError("conflict", `changing the limits of the container ${id}: it is ${status}`);
  const { devices: _, ...limits } = change;
  const { config } = record;
  const asked = { ...config, linux: { ...config.linux, resources: limits } };
  updateCgroups(planContainerCgroups(asked, id, readHost()));
  const { resources: before = {} } = config.linux ?? {};
  const after = {
    ...before,
    ...limits,
    memory: { ...before.memory, ...limits.memory },
    cpu: { ...before.cpu, ...limits.cpu },
  };
  writeRecord(state, { ...record, config: { ...config, linux: { ...config.linux, resources: after } } });
}
