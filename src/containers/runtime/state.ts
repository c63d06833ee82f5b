/** What state a container is in, as the OCI runtime specification tells it. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { START_FIFO } from "../launch/files.ts";
import { isFrozenCgroup } from "../cgroup/processes.ts";
import type { ContainerId } from "./container-id.ts";
import { isAlive } from "./process-identity.ts";
import { containerDirectory, type ContainerRecord, readRecord } from "./record.ts";

export type ContainerStatus = "creating" | "created" | "running" | "paused" | "stopped";

/** https://github.com/opencontainers/runtime-spec/blob/v1.2.1/runtime.md#state */
export interface ContainerState {
  ociVersion: string;
  id: string;
  status: ContainerStatus;
  /** On the host; none once stopped. */
  pid?: number;
  bundle: string;
  annotations?: Record<string, string>;
}

/** @throws AtomicError not-found, corrupt */
export function containerState(state: string, id: ContainerId): ContainerState {
  const record = readRecord(state, id);
  return describe(record, containerStatus(state, record));
}

export function describe(record: ContainerRecord, status: ContainerStatus): ContainerState {
  const { config, bundle, process, id } = record;
  return {
    ociVersion: config.ociVersion,
    id,
    status,
    ...(process === undefined || status === "stopped" ? {} : { pid: process.pid }),
    bundle,
    ...(config.annotations === undefined ? {} : { annotations: config.annotations }),
  };
}

export function containerStatus(state: string, record: ContainerRecord): ContainerStatus {
  if (record.process === undefined) return "creating";
  if (!isAlive(record.process)) return "stopped";
  if (existsSync(join(containerDirectory(state, record.id), START_FIFO))) return "created";
  return isFrozenCgroup(record.cgroups) ? "paused" : "running";
}
