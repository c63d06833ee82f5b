/** What is known of a container: one JSON file in a directory of its own below /run/atomic. docs/formats.md describes it. */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AtomicError } from "../../errors.ts";
import type { CgroupPlace } from "../cgroup/group.ts";
import type { RuntimeConfig } from "../spec/config.ts";
import { type ContainerId, parseContainerId } from "./container-id.ts";
import type { ProcessIdentity } from "./process-identity.ts";

/** Where the containers of a host are: gone at the next boot, as they are. */
export const DEFAULT_STATE = "/run/atomic/containers";

export interface ContainerRecord {
  version: 1;
  id: ContainerId;
  bundle: string;
  rootfs: string;
  /** RFC 3339. */
  created: string;
  /** As it was when the container was created. */
  config: RuntimeConfig;
  cgroups: readonly CgroupPlace[];
  /** The first process, on the host; none until it exists. */
  process?: ProcessIdentity;
}

const RECORD_FILE = "container.json";

/** The directory of a container. */
export function containerDirectory(state: string, id: ContainerId): string {
  return join(state, id);
}

/** Makes the directory of a new container. @throws AtomicError exists */
export function makeContainerDirectory(state: string, id: ContainerId): string {
  mkdirSync(state, { recursive: true, mode: 0o711 });
  const directory = containerDirectory(state, id);
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    throw new AtomicError("exists", `creating the container ${id}: there is one of that name`, {
      hint: `atomic-runtime delete ${id}`,
    });
  }
  return directory;
}

/** Replaces the record of a container in one step. */
export function writeRecord(state: string, record: ContainerRecord): void {
  const path = join(containerDirectory(state, record.id), RECORD_FILE);
  writeFileSync(`${path}.new`, `${JSON.stringify(record)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** @throws AtomicError not-found when there is no such container, corrupt */
export function readRecord(state: string, id: ContainerId): ContainerRecord {
  const path = join(containerDirectory(state, id), RECORD_FILE);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    // containerd looks for these last three words, and for those of `kill`: they tell it that there is nothing left to do.
    throw new AtomicError("not-found", `looking for the container ${id}: it does not exist`);
  }
  try {
    const record = JSON.parse(text) as ContainerRecord;
    if (record.version === 1) return record;
  } catch {
    // the same as a wrong version
  }
  throw new AtomicError("corrupt", `reading ${path}: it is no record of a container`);
}

/** The names of all containers, sorted. */
export function listContainers(state: string): ContainerId[] {
  try {
    return readdirSync(state).sort().map(parseContainerId);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/** Forgets a container. */
export function removeContainerDirectory(state: string, id: ContainerId): void {
  rmSync(containerDirectory(state, id), { recursive: true, force: true });
}
