/** Terminals of containers: made of the container's own devpts, before there is one or once it is mounted. */
import { AtomicError } from "../../errors.ts";
import {
  chownAt,
  close,
  newMount,
  O_DIRECTORY,
  O_PATH,
  open,
  openAt2,
  openTerminal,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_SYMLINKS,
  setWindowSize,
  type Program,
  type Terminal,
} from "../../linux/index.ts";
import { outsideId } from "../ids/id-maps.ts";
import { sortMountOptions } from "../launch/mount-options.ts";
import { type Descriptors, type Launched, startLaunch } from "../launch/start.ts";
import { inContainer } from "../launch/targets.ts";
import type { RuntimeConfig } from "../spec/config.ts";
import type { IdMapping } from "../spec/linux.ts";
import type { Process } from "../spec/process.ts";
import { inForeground } from "./foreground.ts";
import { isAlive, type ProcessIdentity } from "./process-identity.ts";

/** A container's terminal. */
export interface ContainerTerminal extends Terminal {
  /** The devpts it is of, while that is mounted nowhere. */
  devpts?: number;
}

/**
 * The terminal of a container that is about to be created.
 * @throws AtomicError unsupported when the container has no devpts of its own; KernelError
 */
export function firstTerminal(config: RuntimeConfig, process: Process): ContainerTerminal {
  const mount = config.mounts?.find(
    ({ destination, type }) => type === "devpts" && inContainer(destination) === "dev/pts",
  );
  if (mount === undefined)
    throw new AtomicError("unsupported", "making a container's terminal: it has no devpts on /dev/pts");
  const { data, set } = sortMountOptions(mount.options);
  const options = data.map((option) => inside(option, config.linux?.gidMappings));
  const devpts = newMount({ type: "devpts", options, attributes: set });
  try {
    return { devpts, ...prepared(openTerminal(devpts), config, process) };
  } catch (error) {
    close(devpts);
    throw error;
  }
}

/**
 * A terminal in a container that runs.
 * @throws AtomicError conflict when it has ended; KernelError when its /dev/pts is no devpts
 */
export function terminalIn(container: ProcessIdentity, config: RuntimeConfig, process: Process): Terminal {
  const root = open(`/proc/${container.pid}/root`, O_PATH | O_DIRECTORY);
  try {
    if (!isAlive(container)) throw new AtomicError("conflict", "making a terminal: the container has just ended");
    const flags = O_PATH | O_DIRECTORY;
    const devpts = openAt2(root, "dev/pts", { flags, resolve: RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS });
    try {
      return prepared(openTerminal(devpts), config, process);
    } finally {
      close(devpts);
    }
  } finally {
    close(root);
  }
}

/**
 * Whether a process is to have a terminal, with somebody to take the other end.
 * @throws AtomicError usage when there is nobody, or nothing to take
 */
export function wantsTerminal(process: Process, socket: string | undefined, watched: boolean): boolean {
  if (process.terminal === true) {
    if (socket !== undefined || watched) return true;
    throw new AtomicError("usage", "making a terminal: nobody is there to use it", { hint: "--console-socket SOCKET" });
  }
  if (socket === undefined) return false;
  throw new AtomicError("usage", `sending a terminal to ${socket}: the process is to have none (process.terminal)`);
}

export interface LaunchStreams {
  /** Of the process, unless it has a terminal. */
  descriptors: Descriptors;
  /** What else the program is given; it is the program's alone. */
  more?: readonly number[];
  /** As for `startLaunch`. */
  copy?: string;
  atHooks?: (pid: number) => void;
  /** Makes its terminal. */
  terminal?: () => ContainerTerminal;
  /** Whether the caller keeps the terminal's other end. */
  keeps: boolean;
  /** Whether the caller waits for the process as if it were itself. */
  foreground: boolean;
}

export interface LaunchedOn extends Launched {
  /** The terminal's other end, where the caller keeps it. */
  terminal?: number;
}

/**
 * Runs `program`, on a terminal if there is one, of which only what the caller keeps stays open.
 * @throws AtomicError what a step met
 */
export function launchOn(program: Program, streams: LaunchStreams): LaunchedOn {
  return streams.foreground ? inForeground(() => launch(program, streams)) : launch(program, streams);
}

function launch(program: Program, streams: LaunchStreams): LaunchedOn {
  const { descriptors, more = [], keeps, copy, atHooks } = streams;
  const options = { ...(copy === undefined ? {} : { copy }), ...(atHooks === undefined ? {} : { atHooks }) };
  const used = [...more];
  try {
    const terminal = streams.terminal?.();
    if (terminal === undefined) return succeeded(startLaunch(program, descriptors, { more, ...options }));
    const { devpts, master, slave } = terminal;
    const given = [...more, ...(devpts === undefined ? [] : [devpts]), master];
    used.splice(0, used.length, ...given, slave);
    const [, , , ...preserved] = descriptors;
    const launched = succeeded(startLaunch(program, [slave, slave, slave, ...preserved], { more: given, ...options }));
    if (!keeps) return launched;
    used.splice(used.indexOf(master), 1);
    return { ...launched, terminal: master };
  } finally {
    for (const fd of used) close(fd);
  }
}

function succeeded(launched: Launched): Launched {
  if (launched.failure !== undefined) throw launched.failure;
  return launched;
}

/** Gives a terminal to its user, with the size it is to have. */
function prepared(terminal: Terminal, { linux }: RuntimeConfig, { user, consoleSize }: Process): Terminal {
  const { master, slave } = terminal;
  chownAt(slave, "", { uid: onHost(user.uid, linux?.uidMappings) });
  if (consoleSize !== undefined) setWindowSize(master, { rows: consoleSize.height, columns: consoleSize.width });
  return terminal;
}

/** An option of devpts that names a group means one of the container's. */
function inside(option: string, mappings: readonly IdMapping[] | undefined): string {
  const gid = /^gid=(\d{1,10})$/.exec(option)?.[1];
  return gid === undefined ? option : `gid=${onHost(Number(gid), mappings)}`;
}

function onHost(id: number, mappings: readonly IdMapping[] = []): number {
  return outsideId(mappings, id) ?? id;
}
