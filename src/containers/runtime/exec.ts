/** Starting a process inside a container that runs. */
import { AtomicError } from "../../errors.ts";
import { isKernelError } from "../../linux/index.ts";
import { compileExec } from "../launch/exec.ts";
import type { Descriptors } from "../launch/start.ts";
import type { Process } from "../spec/process.ts";
import type { ContainerId } from "./container-id.ts";
import { readHost } from "./host.ts";
import { prepareProcess } from "./prepare.ts";
import { openProcess } from "./process-identity.ts";
import { readRecord } from "./record.ts";
import { containerStatus } from "./state.ts";
import { launchOn, terminalIn, wantsTerminal } from "./terminal.ts";

export interface ExecOptions {
  /** The directory of all containers' directories. */
  state: string;
  id: ContainerId;
  process: Process;
  descriptors: Descriptors;
  /** Nobody here waits for it: the caller's parent does. */
  detached: boolean;
  /** A directory that keeps seccomp filters once they are made. */
  filters?: string;
  /** A socket that is sent the user's end of the process's terminal. */
  consoleSocket?: string;
}

export interface Executed {
  /** On the host. */
  pid: number | undefined;
  /** The user's end of its terminal, unless it went to a socket. */
  terminal?: number;
  /** What of the request this host does not give. */
  warnings: string[];
  /** Resolves with the process's exit status; at once when it is detached. */
  ended: Promise<number>;
}

/**
 * Starts a process in a container: in its namespaces, its groups and under its seccomp filter, with what `process` says
 * and nothing of the caller's.
 * @throws AtomicError not-found, invalid, conflict when the container is not running; or what a step met
 */
export function execInContainer(options: ExecOptions): Executed {
  const { state, id, process, descriptors, detached, filters, consoleSocket: socket } = options;
  const record = readRecord(state, id);
  const { linux } = record.config;
  const hasTerminal = wantsTerminal(process, socket, !detached);
  const doing = `running a program in the container ${id}`;
  const status = containerStatus(state, record);
  const host = { ...readHost(), ...(filters === undefined ? {} : { filters }) };
  const { request, warnings } = prepareProcess(process, linux?.seccomp, host);
  const { process: first } = record;
  const notRunning = (): AtomicError => {
    const hint = status === "paused" ? { hint: `atomic-runtime resume ${id}` } : {};
    return new AtomicError("conflict", `${doing}: it is ${status}`, hint);
  };
  if (first === undefined || (status !== "running" && status !== "created")) throw notRunning();
  const program = compileExec({
    ...request,
    process,
    pid: first.pid,
    namespaces: (linux?.namespaces ?? []).map(({ type }) => type),
    cgroups: record.cgroups,
    preservedFds: descriptors.length - 3,
    ...(detached ? {} : { monitor: { detached: false, log: false, maxLog: 0 } }),
    ...(hasTerminal ? { terminal: socket === undefined ? {} : { socket } } : {}),
  });
  const container = openProcess(first);
  if (container === undefined) throw notRunning();
  try {
    const { pid, ended, terminal } = launchOn(program, {
      descriptors,
      more: [container],
      ...(hasTerminal ? { terminal: () => terminalIn(first, record.config, process) } : {}),
      keeps: socket === undefined,
      foreground: !detached,
    });
    return { pid, warnings, ended, ...(terminal === undefined ? {} : { terminal }) };
  } catch (error) {
    if (isKernelError(error, "ESRCH")) throw new AtomicError("conflict", `${doing}: it has just ended`);
    throw error;
  }
}
