/** Where containers are: their state, which ends with the boot, and their own files, which stay. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { AtomicError } from "../../errors.ts";
import type { Repo } from "../../ostree/index.ts";

/** The containers of one host. */
export interface Engine {
  repo: Repo;
  /** State: `/run/atomic`. */
  run: string;
  /** What containers write: `SYSROOT/atomic/containers`. */
  data: string;
}

const DEFAULT_RUN = "/run/atomic";

/** The containers of a sysroot. @param run the state directory, another for a test */
export function openEngine(sysroot: string, repo: Repo, run = DEFAULT_RUN): Engine {
  return { repo, run, data: join(sysroot, "atomic/containers") };
}

/** The state directory of a container. */
export function stateDirectory({ run }: Engine, name: string): string {
  return join(run, "named", name);
}

/** The directory of what a container wrote. */
export function dataDirectory({ data }: Engine, name: string): string {
  return join(data, name);
}

/** The names of all containers, sorted. */
export function containerNames({ run }: Engine): string[] {
  try {
    return readdirSync(join(run, "named"))
      .filter((name) => !name.startsWith("."))
      .sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/** The error for a container there is not. */
export function noContainer(name: string): AtomicError {
  return new AtomicError("not-found", `finding container ${JSON.stringify(name)}: there is none`, {
    hint: "atomic ps --all",
  });
}
