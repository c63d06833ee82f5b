/** Creating containers: everything is set up, and the program waits to be started or runs at once. */
import { constants } from "node:os";
import { join } from "node:path";
import { AtomicError } from "../../errors.ts";
import { AT_FDCWD, close, mknodAt, O_NONBLOCK, O_WRONLY, open, S_IFIFO, write } from "../../linux/index.ts";
import { makeCgroups, removeCgroups } from "../cgroup/apply.ts";
import { killCgroups } from "../cgroup/processes.ts";
import { compileLaunch } from "../launch/compile.ts";
import { PROGRAM_FILE, REPORT_FIFO, START_FIFO } from "../launch/files.ts";
import type { MonitorRequest } from "../launch/request.ts";
import { type Descriptors } from "../launch/start.ts";
import { HOOK_STAGES, type RuntimeConfig } from "../spec/config.ts";
import { NO_PROCESS } from "../spec/process.ts";
import type { ContainerId } from "./container-id.ts";
import { hasHooks, runHooks, runPoststop } from "./hooks.ts";
import { readHost } from "./host.ts";
import { checkOwnSysctls, planContainerCgroups, prepareProcess } from "./prepare.ts";
import { identify, signalProcess } from "./process-identity.ts";
import { describe } from "./state.ts";
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
  const { process = NO_PROCESS } = config;
  checkOwnSysctls(config);
  if (!options.waits && hasHooks(config, ...HOOK_STAGES))
    throw new AtomicError("unsupported", `creating the container ${id}: hooks are run by create, start and delete`);
  const { filters, consoleSocket: socket, monitor } = options;
  const hasTerminal = wantsTerminal(process, socket, monitor !== undefined);
  const host = { ...readHost(), ...(filters === undefined ? {} : { filters }) };
  const plan = planContainerCgroups(config, id, host);
  const { request, warnings } = prepareProcess(process, config.linux?.seccomp, host);
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
    const fifos = { start: join(directory, START_FIFO), report: join(directory, REPORT_FIFO) };
    if (options.waits)
      for (const path of Object.values(fifos)) mknodAt(AT_FDCWD, path, { mode: S_IFIFO | 0o600, rdev: 0 });
    makeCgroups(plan);
    const program = compileLaunch({
      ...request,
      config,
      rootfs,
      cgroups,
      preservedFds: options.descriptors.length - 3,
      ...(options.waits ? { fifos } : {}),
      hookState: JSON.stringify(describe(record, "created")),
      hostHooks: hasHooks(config, "prestart", "createRuntime", "createContainer"),
      ...(host.userIds === undefined ? {} : { hostNodes: true }),
      ...(options.init === true ? { init: true } : {}),
      ...(monitor === undefined ? {} : { monitor }),
      ...(hasTerminal ? { terminal: socket === undefined ? {} : { socket } } : {}),
    });
    const note = (pid: number): void => {
      const first = identify(pid);
      if (first !== undefined) record.process = first;
      writeRecord(state, record);
    };
    const { pid, ended, terminal } = launchOn(program, {
      descriptors: options.descriptors,
      ...(options.waits ? { copy: join(directory, PROGRAM_FILE) } : {}),
      atHooks(first) {
        note(first);
        for (const stage of ["prestart", "createRuntime"] as const) runHooks(record, stage, "created");
        letGo(fifos.start);
      },
      ...(hasTerminal ? { terminal: () => firstTerminal(config, process) } : {}),
      keeps: monitor?.log === false,
      foreground: monitor?.detached === false,
    });
    if (pid !== undefined) note(pid);
    const all = [...plan.warnings, ...warnings];
    return { record, warnings: all, ended, ...(terminal === undefined ? {} : { terminal }) };
  } catch (error) {
    if (record.process !== undefined) signalProcess(record.process, constants.signals.SIGKILL);
    killCgroups(cgroups);
    removeCgroups(cgroups);
    removeContainerDirectory(state, id);
    if (record.process !== undefined) runPoststop(record); // what failed first is what there is to say
    throw error;
  }
}

/** Lets a container that waits go on. */
function letGo(fifo: string): void {
  const fd = open(fifo, O_WRONLY | O_NONBLOCK); // fails when its reader has just died
  try {
    write(fd, Buffer.from("+"));
  } finally {
    close(fd);
  }
}
