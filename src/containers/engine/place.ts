/** Where containers are: their state, which ends with the boot, and their own files, which stay. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Repo } from "../../ostree/index.ts";
import type { IdMaps } from "../ids/id-maps.ts";
import { ownIdMaps } from "../ids/own-maps.ts";
import { type NetworkStore, networkStore } from "../network/network-store.ts";

/** The containers of one host. */
export interface Engine {
  repo: Repo;
  /** State: `/run/atomic`. */
  run: string;
  /** What stays of containers: `SYSROOT/atomic/containers`. */
  data: string;
  networks: NetworkStore;
  /** An ordinary user's: the IDs of the user namespace they are in, in place of root's rights. */
  userIds?: IdMaps;
  /** The command line of a verb on these containers, for those who call it later: a watcher, systemd. */
  verb?: (verb: string, ...words: string[]) => [string, ...string[]];
}

const DEFAULT_RUN = "/run/atomic";

/** The containers of a sysroot. @param run the state directory, another for a test */
export function openEngine(sysroot: string, repo: Repo, run = DEFAULT_RUN): Engine {
  const userIds = ownIdMaps();
  return {
    repo,
    run,
    data: join(sysroot, "atomic/containers"),
    networks: networkStore(run),
    ...(userIds === undefined ? {} : { userIds }),
  };
}

/** Where the runtime keeps its records: beside those of `atomic-runtime`. */
export function runtimeState({ run }: Engine): string {
  return join(run, "containers");
}

/** The bundle of a container that was started: its mounted root, and the files mounted in its /etc. */
export function bundleDirectory({ run }: Engine, id: string): string {
  return join(run, "bundles", id);
}

/** The directory of what stays: record, log, exit status, and what the container wrote. */
export function dataDirectory({ data }: Engine, name: string): string {
  return join(data, name);
}

/** The names of all containers, sorted. */
export function containerNames({ data }: Engine): string[] {
  return namesIn(data).filter((name) => !name.startsWith("."));
}

/** The names in a directory, sorted; none when it does not exist. */
export function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
