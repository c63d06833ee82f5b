/** Starting a container: its root is mounted, its configuration made for this host as it is now, and the runtime called. */
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { AtomicError, isAtomicError } from "../../errors.ts";
import { AT_FDCWD, statIfExists, type WindowSize } from "../../linux/index.ts";
import { divideUnitGroup } from "../cgroup/unit-group.ts";
import { configure } from "../configure/configure.ts";
import { EXIT_FILE } from "../launch/files.ts";
import { FAILED } from "../launch/report.ts";
import { parseContainerId } from "../runtime/container-id.ts";
import { createContainer } from "../runtime/create.ts";
import { deleteContainer } from "../runtime/delete.ts";
import type { ContainerRecord } from "../runtime/record.ts";
import { startContainer } from "../runtime/start.ts";
import type { RuntimeConfig } from "../spec/config.ts";
import { seccomp as readSeccomp } from "../spec/seccomp.ts";
import { readExit } from "./exit.ts";
import { hostFacts } from "./host-facts.ts";
import { lockContainer } from "./lock.ts";
import { connectNamed, disconnectNamed } from "./network.ts";
import { writeOwnFiles } from "./own-files.ts";
import { bundleDirectory, dataDirectory, type Engine, runtimeState } from "./place.ts";
import { findNamed, type NamedContainer } from "./record.ts";
import { readRootFile } from "./root-file.ts";
import { relabelVolume } from "./relabel.ts";
import { mountRoot } from "./rootfs.ts";
import { settleContainer, settleEnded } from "./settle.ts";
import { noteWatcher, startUnit } from "./unit.ts";
import { isRunning, namedStatus } from "./status.ts";
import { forgetStopped } from "./stopped.ts";

export interface StartOptions {
  /** Leave it in the background, what it prints in its log. */
  detach: boolean;
  /** Give it the caller's standard input. */
  interactive: boolean;
  /** Its policy starts it, not the operator. */
  again?: boolean;
  /** Of the window its terminal is shown in. */
  size?: WindowSize;
  /** This process belongs to the container's unit, which systemd starts. */
  inUnit?: boolean;
}

/** A container that was started. */
export interface Started {
  container: NamedContainer;
  /** The user's end of its terminal, unless that goes to the log. */
  terminal?: number;
  /** What was lowered to what this host allows. */
  warnings: string[];
  /** Resolves with the exit status, unless it is in the background. */
  ended: Promise<number>;
}

/** Bytes of a log before it is put aside; there are two. */
const MAX_LOG = 10 << 20;

/** Starts a container that does not run. @throws AtomicError conflict, and what `configure`, networks and the runtime say */
export async function startNamed(
  engine: Engine,
  container: NamedContainer,
  { detach, interactive, size, again = false, inUnit = false }: StartOptions,
): Promise<Started> {
  const { name, options } = container;
  if (options.unit === true && !inUnit) {
    forgetStopped(engine, container);
    startUnit(engine, container);
    return { container, warnings: [], ended: Promise.resolve(0) };
  }
  const unlock = lockContainer(engine, container);
  const input = interactive && !detach ? 0 : openSync("/dev/null", "r");
  try {
    const present = namedStatus(engine, container);
    if (isRunning(present)) throw new AtomicError("conflict", `starting container ${name}: it is ${present.status}`);
    const [state, id] = [runtimeState(engine), parseContainerId(container.id)];
    // What is left of the last time.
    await disconnectNamed(engine, container);
    deleteContainer(state, id, true);
    const bundle = bundleDirectory(engine, id);
    mkdirSync(bundle, { recursive: true, mode: 0o700 });
    for (const volume of options.volumes) relabelVolume(volume, container.labels?.mount);
    const rootfs = mountRoot(engine, container);
    const directory = dataDirectory(engine, name);
    if (!again) forgetStopped(engine, container);
    forgetExit(engine, join(directory, EXIT_FILE));
    const waits = ["network", "pasta"].includes(options.namespaces.network.kind);
    const { record, warnings, ended, terminal } = createContainer({
      state,
      id,
      bundle,
      rootfs,
      config: withSize(await configureNamed(engine, container, { rootfs, inUnit }), size),
      descriptors: [input, 1, 2],
      waits,
      init: options.init,
      filters: join(engine.run, "seccomp"),
      monitor: {
        directory,
        detached: detach,
        log: detach && !inUnit,
        maxLog: MAX_LOG,
        ...(detach && !inUnit && engine.verb !== undefined
          ? { successor: successorOf(engine.run, engine.verb("settle", id)) }
          : {}),
      },
    });
    if (waits) await connectAndStart(engine, container, record);
    if (inUnit && record.process !== undefined) noteWatcher(engine.run, container, record.process.pid);
    return { container, warnings, ended, ...(terminal === undefined ? {} : { terminal }) };
  } finally {
    unlock();
    if (input !== 0) closeSync(input);
  }
}

/** Connects the container while its program waits, so that it finds its network when it starts. */
async function connectAndStart(engine: Engine, container: NamedContainer, record: ContainerRecord): Promise<void> {
  const state = runtimeState(engine);
  try {
    if (record.process !== undefined) await connect(engine, container, record.process.pid);
    startContainer(state, record.id);
  } catch (error) {
    await disconnectNamed(engine, container);
    deleteContainer(state, record.id, true);
    throw error;
  }
}

/** What containers have that have ended can be given back, should this one need it. */
async function connect(engine: Engine, container: NamedContainer, pid: number): Promise<void> {
  try {
    await connectNamed(engine, container, pid);
  } catch (error) {
    if (!isAtomicError(error, "conflict")) throw error;
    await settleEnded(engine);
    await connectNamed(engine, container, pid);
  }
}

/** Where nobody waits for the container, its watcher becomes the command that settles it. */
function successorOf(run: string, argv: readonly [string, ...string[]]) {
  const path = `PATH=${process.env["PATH"] ?? ""}`;
  return { argv, env: [path, `ATOMIC_RUN=${run}`, "ATOMIC_PROGRESS=none"] };
}

function forgetExit(engine: Engine, path: string): void {
  if (statIfExists(AT_FDCWD, path) !== undefined) engine.repo.disk.unlink(path);
}

async function configureNamed(
  engine: Engine,
  container: NamedContainer,
  { rootfs, inUnit }: { rootfs: string; inUnit: boolean },
): Promise<RuntimeConfig> {
  const { id, options, defaults, command, idMaps, labels } = container;
  const { seccomp } = options.security;
  const config = configure({
    options,
    image: defaults,
    command,
    id,
    rootfs,
    host: hostFacts(),
    readFile: (path) => readRootFile(rootfs, path),
    namespacePath: (other, type) => namespaceOf(engine, other, type === "network" ? "net" : type),
    files: await writeOwnFiles(engine, container),
    ...(idMaps === undefined ? {} : { idMaps }),
    ...(labels === undefined ? {} : { labels }),
    ...(seccomp === undefined || seccomp === "unconfined"
      ? {}
      : { seccomp: readSeccomp(JSON.parse(readFileSync(seccomp, "utf8")), seccomp) }),
  });
  return inUnit ? { ...config, linux: { ...config.linux, cgroupsPath: divideUnitGroup() } } : config;
}

function withSize(config: RuntimeConfig, size: WindowSize | undefined): RuntimeConfig {
  if (size === undefined || config.process === undefined) return config;
  return { ...config, process: { ...config.process, consoleSize: { height: size.rows, width: size.columns } } };
}

function namespaceOf(engine: Engine, text: string, name: string): string {
  const container = findNamed(engine, text);
  const { status, pid } = namedStatus(engine, container);
  if (pid === undefined) {
    throw new AtomicError("conflict", `sharing a namespace of container ${container.name}: it is ${status}`, {
      hint: `atomic start ${container.name}`,
    });
  }
  return `/proc/${pid}/ns/${name}`;
}

/** Runs a container in the foreground to its end. @returns its exit status */
export async function finishContainer(engine: Engine, { container, ended }: Started): Promise<number> {
  const status = await ended;
  const exit = readExit(engine, container);
  await settleContainer(engine, container);
  if (status === FAILED && exit === undefined) {
    throw new AtomicError("io", `watching container ${container.name}: what watches it failed before it was over`, {
      hint: "atomic ps --all",
    });
  }
  return status;
}
