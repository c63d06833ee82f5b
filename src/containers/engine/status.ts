/** Whether a container runs: what the runtime says, and once that is gone what it left. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { containerStatus } from "../runtime/state.ts";
import { type Exit, readExit } from "./exit.ts";
import { dataDirectory, type Engine, runtimeState } from "./place.ts";
import { type NamedContainer, runtimeRecord } from "./record.ts";

/** Without an exit status while it runs, and when nobody was there to see it end. */
export interface NamedStatus extends Partial<Exit> {
  status: "created" | "running" | "paused" | "exited";
  /** The first process on the host, while there is one. */
  pid?: number;
}

/** The state now. */
export function namedStatus(engine: Engine, container: NamedContainer): NamedStatus {
  const record = runtimeRecord(engine, container);
  const status = record === undefined ? "stopped" : containerStatus(runtimeState(engine), record);
  if (status === "running" || status === "paused") return { status, pid: record!.process!.pid };
  const directory = dataDirectory(engine, container.name);
  if (status !== "stopped" || !existsSync(join(directory, "upper"))) return { status: "created" };
  return { status: "exited", ...readExit(engine, container) };
}

/** True while it has processes. */
export function isRunning({ status }: NamedStatus): boolean {
  return status === "running" || status === "paused";
}
