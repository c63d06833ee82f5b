/** How a container ended: `exit.json`, written by its launch program. docs/formats.md, "containers of images". */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { CgroupPlace } from "../cgroup/group.ts";
import { readCgroupStats } from "../cgroup/stats.ts";
import { EXIT_FILE } from "../launch/files.ts";
import { dataDirectory, type Engine } from "./place.ts";
import type { NamedContainer } from "./record.ts";

export interface Exit {
  exitCode: number;
  /** The kernel killed a process of it, since it used more memory than it may. */
  outOfMemory?: true;
}

const MAX_STATUS = 255;

/** How it ended last; undefined when it has not, or nobody saw it. */
export function readExit(engine: Engine, { name }: NamedContainer): Exit | undefined {
  try {
    const text = readFileSync(join(dataDirectory(engine, name), EXIT_FILE), "utf8");
    const { exitCode, outOfMemory } = JSON.parse(text) as Partial<Exit>;
    if (!Number.isInteger(exitCode) || exitCode! < 0 || exitCode! > MAX_STATUS) return undefined;
    return { exitCode: exitCode!, ...(outOfMemory === true ? { outOfMemory } : {}) };
  } catch {
    return undefined;
  }
}

/** Adds to how it ended that memory ran out, as its control groups say. */
export function noteOutOfMemory(engine: Engine, container: NamedContainer, groups: readonly CgroupPlace[]): void {
  const exit = readExit(engine, container);
  if (exit === undefined || exit.outOfMemory === true || (readCgroupStats(groups).oomKills ?? 0) === 0) return;
  const text = `${JSON.stringify({ ...exit, outOfMemory: true })}\n`;
  engine.repo.disk.replaceFile(join(dataDirectory(engine, container.name), EXIT_FILE), Buffer.from(text), 0o600);
}
