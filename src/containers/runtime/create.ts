/** Creating containers: everything is set up, and the program waits to be started or runs at once. */
import { join } from "node:path";
import { AtomicError } from "../../errors.ts";
import { AT_FDCWD, mknodAt, S_IFIFO } from "../../linux/index.ts";
import { makeCgroups, removeCgroups } from "../cgroup/apply.ts";
import { killCgroups } from "../cgroup/processes.ts";
import { compileLaunch } from "../launch/compile.ts";
import { START_FIFO } from "../launch/files.ts";
import type { MonitorRequest } from "../launch/request.ts";
import { type Descriptors } from "../launch/start.ts";
import type { RuntimeConfig } from "../spec/config.ts";
import type { ContainerId } from "./container-id.ts";
import { checkHooks } from "./hooks.ts";
import { readHost } from "./host.ts";
import { checkOwnSysctls, planContainerCgroups, prepareProcess } from "./prepare.ts";
import { identify } from "./process-identity.ts";
import { firstTerminal, launchOn, wantsTerminal } from "./terminal.ts";
import { type ContainerRecord, makeContainerDirectory, removeContainerDirectory, writeRecord } from "./record.ts";

export interface CreateOptions {
  /** The directory of all containers' directories. */
  state: string;
  id: ContainerId;
  /** Absolute. */
  bundle: string;
  rootfs: string;
  config: RuntimeConfig;
  descriptors: Descriptors;
  /** `start` lets it run; without, it runs at once. */
  waits: boolean;
  monitor?: MonitorRequest;
  /** A socket that is sent the user's end of the container's terminal. */
  consoleSocket?: string;
  /** The program is watched by a first process of ours. */
  init?: boolean;
  /** A directory that keeps seccomp filters once they are made. */
  filters?: string;
}

export interface Created {
  record: ContainerRecord;
  /** The user's end of the container's terminal, unless it went to a socket or to the log. */
  terminal?: number;
  /** What of the configuration this host does not give. */
  warnings: string[];
  /** Resolves when the launch program ends: at once, or with the container's exit status where it is monitored. */
  ended: Promise<number>;
}

/**
 * Creates a container. When it fails nothing is left of it.
 * @throws AtomicError exists, invalid, not-found, unsupported; or what a step of the launch program met
 */
export function createContainer(options: CreateOptions): Created {
  const { state, id, bundle, rootfs, config } = options;
  if (config.process === undefined)
    throw new AtomicError("invalid", `creating the container ${id}: its configuration has no process`);
  checkOwnSysctls(config);
  checkHooks(config);
  const { filters, consoleSocket: socket, monitor } = options;
  const hasTerminal = wantsTerminal(config.process, socket, monitor !== undefined);
  const host = { ...readHost(), ...(filters === undefined ? {} : { filters }) };
  const plan = planContainerCgroups(config, id, host);
  const { request, warnings } = prepareProcess(config.process, config.linux?.seccomp, host);
  const cgroups = plan.groups.map(({ directory, version, name, options: selection }) => ({
    directory,
    version,
    name,
    options: selection,
  }));
  const directory = makeContainerDirectory(state, id);
  const created = new Date().toISOString();
  const record: ContainerRecord = { version: 1, id, bundle, rootfs, created, config, cgroups };
  try {
    writeRecord(state, record); // from here on `delete` finds what a crash leaves
    const fifo = join(directory, START_FIFO);
    if (options.waits) mknodAt(AT_FDCWD, fifo, { mode: S_IFIFO | 0o600, rdev: 0 });
    makeCgroups(plan);
    const program = compileLaunch({
      ...request,
      config,
      rootfs,
      cgroups,
      preservedFds: options.descriptors.length - 3,
      ...(options.waits ? { fifo } : {}),
      ...(options.init === true ? { init: true } : {}),
      ...(monitor === undefined ? {} : { monitor }),
      ...(hasTerminal ? { terminal: socket === undefined ? {} : { socket } } : {}),
    });
    const { process: first } = config;
    const { pid, ended, terminal } = launchOn(program, {
      descriptors: options.descriptors,
      ...(hasTerminal ? { terminal: () => firstTerminal(config, first) } : {}),
      keeps: monitor?.log === false,
      foreground: monitor?.detached === false,
    });
    const process = pid === undefined ? undefined : identify(pid);
    if (process !== undefined) record.process = process;
    writeRecord(state, record);
    const all = [...plan.warnings, ...warnings];
    return { record, warnings: all, ended, ...(terminal === undefined ? {} : { terminal }) };
  } catch (error) {
    killCgroups(cgroups);
    removeCgroups(cgroups);
    removeContainerDirectory(state, id);
    throw error;
  }
}
