/** Whether the operator stopped a container: it is not started again then, whatever its policy. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { AT_FDCWD, statIfExists } from "../../linux/index.ts";
import { bundleDirectory, dataDirectory, type Engine } from "./place.ts";
import type { NamedContainer } from "./record.ts";

export const STOPPED_FILE = "stopped";
/** In the bundle: how often the container was started again. */
export const RESTARTS_FILE = "restarts.json";

/** Notes that the operator stopped it, before it is. */
export function noteStopped(engine: Engine, { name, options }: NamedContainer): void {
  if (options.restart.when === "no") return;
  engine.repo.disk.replaceFile(join(dataDirectory(engine, name), STOPPED_FILE), Buffer.alloc(0), 0o600);
}

/** Forgets that, and earlier restarts: the operator starts it. */
export function forgetStopped(engine: Engine, { name, id }: NamedContainer): void {
  const path = join(dataDirectory(engine, name), STOPPED_FILE);
  if (statIfExists(AT_FDCWD, path) !== undefined) engine.repo.disk.unlink(path);
  rmSync(join(bundleDirectory(engine, id), RESTARTS_FILE), { force: true });
}
