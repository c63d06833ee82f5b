/** Whether a container runs. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isFrozenCgroup } from "../cgroup/processes.ts";
import { EXIT_FILE } from "../launch/files.ts";
import { type Engine, stateDirectory } from "./place.ts";
import type { ContainerRecord } from "./record.ts";

export interface ContainerStatus {
  status: "created" | "running" | "paused" | "exited";
  /** Absent while it runs, and when nobody was there to see it end. */
  exitCode?: number;
}

const START_TIME_FIELD = 19;

/** The state now. A process ID that another process has by now is not taken for the container. */
export function containerStatus(engine: Engine, record: ContainerRecord): ContainerStatus {
  const { pid, pidStart, cgroups } = record;
  if (pid === undefined) return { status: "created" };
  if (processStart(pid) === pidStart) return { status: isFrozenCgroup(cgroups) ? "paused" : "running" };
  const exitCode = recordedExit(join(stateDirectory(engine, record.name), EXIT_FILE));
  return { status: "exited", ...(exitCode === undefined ? {} : { exitCode }) };
}

/** When a process started, in ticks since the boot; undefined when there is none, or it is dead already. */
export function processStart(pid: number): string | undefined {
  try {
    // The name in parentheses may hold anything.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
    return fields[0] === "Z" || fields[0] === "X" ? undefined : fields[START_TIME_FIELD];
  } catch {
    return undefined; // gone
  }
}

function recordedExit(path: string): number | undefined {
  try {
    return Number(/^\{"exitCode": *(\d{1,3})\}/.exec(readFileSync(path, "utf8"))?.[1] ?? Number.NaN) || 0;
  } catch {
    return undefined; // nobody saw it end
  }
}
