/** Whether a container runs: what the runtime says, and once that is gone what it left. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { EXIT_FILE } from "../launch/files.ts";
import { containerStatus } from "../runtime/state.ts";
import { dataDirectory, type Engine, runtimeState } from "./place.ts";
import { type NamedContainer, runtimeRecord } from "./record.ts";

export interface NamedStatus {
  status: "created" | "running" | "paused" | "exited";
  /** The first process on the host, while there is one. */
  pid?: number;
  /** Absent while it runs, and when nobody was there to see it end. */
  exitCode?: number;
}

/** The state now. */
export function namedStatus(engine: Engine, container: NamedContainer): NamedStatus {
  const record = runtimeRecord(engine, container);
  const status = record === undefined ? "stopped" : containerStatus(runtimeState(engine), record);
  if (status === "running" || status === "paused") return { status, pid: record!.process!.pid };
  const directory = dataDirectory(engine, container.name);
  if (status !== "stopped" || !existsSync(join(directory, "upper"))) return { status: "created" };
  const exitCode = recordedExit(join(directory, EXIT_FILE));
  return { status: "exited", ...(exitCode === undefined ? {} : { exitCode }) };
}

/** True while it has processes. */
export function isRunning({ status }: NamedStatus): boolean {
  return status === "running" || status === "paused";
}

function recordedExit(path: string): number | undefined {
  try {
    return Number(/^\{"exitCode": *(\d{1,3})\}/.exec(readFileSync(path, "utf8"))?.[1] ?? Number.NaN) || 0;
  } catch {
    return undefined; // nobody saw it end
  }
}
