/** The processes of a container, as the host's /proc shows them. Spec: proc(5) */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { AtomicError } from "../../errors.ts";
import { cgroupProcesses } from "../cgroup/processes.ts";
import type { Engine } from "./place.ts";
import { type NamedContainer, runtimeRecord } from "./record.ts";
import { isRunning, namedStatus } from "./status.ts";

export interface ContainerProcess {
  /** On the host. */
  pid: number;
  parent: number;
  uid: number;
  /** One letter, as in proc(5). */
  state: string;
  /** Seconds of CPU time so far. */
  cpuTime: number;
  /** Bytes in memory. */
  memory: number;
  command: string;
}

/** The kernel's USER_HZ, the same on every architecture of ours. */
const TICKS = 100;
const KIB = 1024;

/** Its processes, by number. @throws AtomicError conflict when it does not run */
export function containerProcesses(engine: Engine, container: NamedContainer): ContainerProcess[] {
  const present = namedStatus(engine, container);
  if (!isRunning(present)) {
    throw new AtomicError("conflict", `listing the processes of container ${container.name}: it is ${present.status}`, {
      hint: `atomic start ${container.name}`,
    });
  }
  const groups = runtimeRecord(engine, container)?.cgroups ?? [];
  // An ordinary user may have no groups.
  const processes = groups.length > 0 ? cgroupProcesses(groups) : besides(present.pid!);
  return processes.flatMap((pid) => describe(pid) ?? []);
}

/** The processes in the PID namespace of a process. */
function besides(first: number): number[] {
  const namespace = namespaceOf(first);
  const all = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return all.map(Number).filter((pid) => namespace !== undefined && namespaceOf(pid) === namespace);
}

function namespaceOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return undefined; // it has ended, or is another's
  }
}

/** Undefined when it has ended meanwhile. */
function describe(pid: number): ContainerProcess | undefined {
  try {
    const [stat, status, cmdline] = ["stat", "status", "cmdline"].map((name) =>
      readFileSync(`/proc/${pid}/${name}`, "utf8"),
    ) as [string, string, string];
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const name = stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")"));
    const field = (key: string) => Number(new RegExp(`^${key}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? 0);
    const words = cmdline.replace(/\0+$/, "").replaceAll("\0", " ");
    return {
      pid,
      parent: Number(fields[1]),
      uid: field("Uid"),
      state: fields[0] ?? "?",
      cpuTime: (Number(fields[11]) + Number(fields[12])) / TICKS,
      memory: field("VmRSS") * KIB,
      command: words === "" ? `[${name}]` : words,
    };
  } catch {
    return undefined;
  }
}
