/** What a container uses. */
import { readGroupFile } from "./files.ts";
import type { CgroupPlace } from "./group.ts";

/** A value is undefined where this host does not count it, a limit also where there is none. */
export interface CgroupStats {
  /** Nanoseconds of CPU time since the start. */
  cpuTime: number | undefined;
  /** Bytes. */
  memory: number | undefined;
  memoryLimit: number | undefined;
  /** Processes and threads. */
  pids: number | undefined;
  pidsLimit: number | undefined;
  /** Bytes since the start. */
  read: number | undefined;
  written: number | undefined;
  /** Processes killed because memory ran out. */
  oomKills: number | undefined;
}

/** Beyond this many bytes a limit of v1 is none. */
const NO_LIMIT = 2 ** 62;

/** Reads the counters of a container's groups. */
export function readCgroupStats(groups: readonly CgroupPlace[]): CgroupStats {
  const of = (controller: string) =>
    groups.find(({ version, options }) => version === 1 && options.includes(controller));
  const v2 = groups.find(({ version }) => version === 2);
  const read = (controller: string, v1File: string, v2File: string) => {
    const group = of(controller);
    if (group !== undefined) return readGroupFile(group.directory, v1File);
    return v2 === undefined ? undefined : readGroupFile(v2.directory, v2File);
  };
  const cpu = of("cpuacct");
  const io = read("blkio", "blkio.throttle.io_service_bytes_recursive", "io.stat");
  return {
    cpuTime:
      cpu === undefined
        ? scale(field(read("cpuacct", "", "cpu.stat"), "usage_usec"), 1000)
        : number(readGroupFile(cpu.directory, "cpuacct.usage")),
    memory: number(read("memory", "memory.usage_in_bytes", "memory.current")),
    memoryLimit: limit(read("memory", "memory.limit_in_bytes", "memory.max")),
    pids: number(read("pids", "pids.current", "pids.current")),
    pidsLimit: limit(read("pids", "pids.max", "pids.max")),
    read: sum(io, /\bRead (\d+)|\brbytes=(\d+)/g),
    written: sum(io, /\bWrite (\d+)|\bwbytes=(\d+)/g),
    oomKills: field(read("memory", "memory.oom_control", "memory.events"), "oom_kill"),
  };
}

function number(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+\n?$/.test(text) ? Number(text) : undefined;
}

function limit(text: string | undefined): number | undefined {
  const value = number(text);
  return value === undefined || value >= NO_LIMIT ? undefined : value;
}

function field(text: string | undefined, name: string): number | undefined {
  const value = text === undefined ? undefined : new RegExp(`^${name} (\\d+)$`, "m").exec(text)?.[1];
  return value === undefined ? undefined : Number(value);
}

function sum(text: string | undefined, pattern: RegExp): number | undefined {
  if (text === undefined) return undefined;
  return [...text.matchAll(pattern)].reduce((total, [, v1, v2]) => total + Number(v1 ?? v2), 0);
}

function scale(value: number | undefined, factor: number): number | undefined {
  return value === undefined ? undefined : value * factor;
}
