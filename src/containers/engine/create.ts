/** Making a container of an image, and starting it. */
import { randomBytes } from "node:crypto";
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AtomicError } from "../../errors.ts";
import type { StoredImage } from "../../oci/index.ts";
import { makeCgroups, removeCgroups } from "../cgroup/apply.ts";
import { groupPath } from "../cgroup/group-path.ts";
import { planCgroups } from "../cgroup/plan.ts";
import { killCgroups } from "../cgroup/processes.ts";
import { configure } from "../configure/configure.ts";
import type { RunOptions } from "../configure/run-options.ts";
import { compileLaunch } from "../launch/compile.ts";
import { startLaunch } from "../launch/start.ts";
import { grantCapabilities } from "../limits/capabilities.ts";
import { clampRlimits, parseHardLimits } from "../limits/rlimits.ts";
import { parseConfig, type RuntimeConfig } from "../spec/config.ts";
import { seccomp as readSeccomp } from "../spec/seccomp.ts";
import { type Host, readHost } from "./host-facts.ts";
import { writeOwnFiles } from "./own-files.ts";
import { type Engine, stateDirectory } from "./place.ts";
import { type ContainerRecord, findRecord, forgetContainer, reserveName, writeRecord } from "./record.ts";
import { removeContainer } from "./remove.ts";
import { readRootFile } from "./root-file.ts";
import { mountRoot, unmountRoot } from "./rootfs.ts";
import { cachedFilter } from "./seccomp-cache.ts";
import { containerStatus, processStart } from "./status.ts";

export interface CreateRequest {
  image: StoredImage;
  options: RunOptions;
  command: readonly string[];
}

/** A container that was started. */
export interface Started {
  record: ContainerRecord;
  /** What was lowered to what this host allows. */
  warnings: string[];
  /** Resolves with the exit status, unless it is in the background. */
  ended: Promise<number>;
}

const CONFIG = "config.json";
/** Bytes of a log before it is put aside; there are two. */
const MAX_LOG = 10 << 20;
const DEFAULT_STOP = "SIGTERM";

/** Makes a container and its root. @throws AtomicError exists, usage, invalid, not-found, unsupported, no-space */
export function createNamed(engine: Engine, { image, options, command }: CreateRequest): ContainerRecord {
  const id = randomBytes(32).toString("hex");
  const name = options.name ?? defaultName(image.name, id);
  reserveName(engine, name);
  try {
    const rootfs = mountRoot(engine, name, image.commit);
    const host = readHost();
    const { run } = image.config;
    const directory = stateDirectory(engine, name);
    const seccomp = options.security.seccomp;
    const config = configure({
      options,
      image: run,
      command,
      id,
      rootfs,
      host,
      readFile: (path) => readRootFile(rootfs, path),
      namespacePath: (container, type) => namespaceOf(engine, container, type === "network" ? "net" : type),
      files: writeOwnFiles(directory, options, options.hostname ?? id.slice(0, 12)),
      ...(seccomp === undefined || seccomp === "unconfined"
        ? {}
        : { seccomp: readSeccomp(JSON.parse(readFileSync(seccomp, "utf8")), seccomp) }),
    });
    writeFileSync(join(directory, CONFIG), `${JSON.stringify(config)}\n`, { mode: 0o600 });
    const record: ContainerRecord = {
      format: 1,
      id,
      name,
      image: image.name,
      commit: image.commit,
      manifestDigest: image.manifestDigest,
      command: config.process?.args ?? [],
      created: Math.floor(Date.now() / 1000),
      remove: options.remove,
      stopSignal: options.stopSignal ?? run.stopSignal ?? DEFAULT_STOP,
      cgroups: [],
    };
    writeRecord(engine, record);
    return record;
  } catch (error) {
    discard(engine, name);
    throw error;
  }
}

export interface StartOptions {
  /** Leave it in the background, what it prints in its log. */
  detach: boolean;
  /** Give it the caller's standard input. */
  interactive: boolean;
}

/** Starts a container that does not run. @throws AtomicError conflict, and what `compileLaunch` and the kernel say */
export function startNamed(engine: Engine, record: ContainerRecord, { detach, interactive }: StartOptions): Started {
  const { name, id } = record;
  const { status } = containerStatus(engine, record);
  if (status === "running" || status === "paused")
    throw new AtomicError("conflict", `starting container ${name}: it is ${status}`);
  const directory = stateDirectory(engine, name);
  const config = parseConfig(readFileSync(join(directory, CONFIG), "utf8"));
  const host = readHost();
  const plan = planCgroups({
    layout: host.layout,
    v2Controllers: host.v2Controllers,
    path: groupPath("", id),
    resources: config.linux?.resources ?? {},
  });
  makeCgroups(plan);
  const cgroups = plan.groups.map(({ directory: place, version, name: top, options }) => ({
    directory: place,
    version,
    name: top,
    options,
  }));
  const input = interactive && !detach ? 0 : openSync("/dev/null", "r");
  try {
    const { request, warnings } = launchRequest(engine, config, host);
    const program = compileLaunch({
      ...request,
      cgroups,
      monitor: { directory, detached: detach, log: detach, maxLog: MAX_LOG },
    });
    const { failure, pid, ended } = startLaunch(program, [input, 1, 2]);
    if (failure !== undefined) throw failure;
    const pidStart = pid === undefined ? undefined : processStart(pid);
    const started: ContainerRecord = {
      ...record,
      cgroups,
      started: Math.floor(Date.now() / 1000),
      ...(pid === undefined ? {} : { pid }),
      // One that has ended already never matches.
      pidStart: pidStart ?? "ended",
    };
    writeRecord(engine, started);
    return { record: started, warnings: [...warnings, ...plan.warnings], ended };
  } catch (error) {
    killCgroups(cgroups);
    removeCgroups(cgroups);
    throw error;
  } finally {
    if (input !== 0) closeSync(input);
  }
}

function launchRequest(engine: Engine, config: RuntimeConfig, host: Host) {
  const granted = grantCapabilities(config.process?.capabilities, host.capabilities);
  const mayRaise = ((host.capabilities.bounding >> SYS_RESOURCE) & 1n) === 1n;
  const limits = clampRlimits(
    config.process?.rlimits ?? [],
    mayRaise ? undefined : parseHardLimits(readFileSync("/proc/self/limits", "utf8")),
  );
  const profile = config.linux?.seccomp;
  const request = {
    config,
    rootfs: config.root?.path ?? "/",
    capabilities: granted.masks,
    lastCapability: host.capabilities.last,
    rlimits: limits.rlimits,
    ...(profile === undefined ? {} : { seccomp: cachedFilter(engine.run, profile, host.machine) }),
    preservedFds: 0,
  };
  return { request, warnings: [...granted.warnings, ...limits.warnings] };
}
const SYS_RESOURCE = 24n;

function namespaceOf(engine: Engine, container: string, name: string): string {
  const record = findRecord(engine, container);
  const { status } = containerStatus(engine, record);
  if (status !== "running" && status !== "paused") {
    throw new AtomicError("conflict", `sharing a namespace of container ${record.name}: it is ${status}`, {
      hint: `atomic start ${record.name}`,
    });
  }
  return `/proc/${record.pid}/ns/${name}`;
}

/** Undoes what was made of a container that never was. */
function discard(engine: Engine, name: string): void {
  unmountRoot(engine, name);
  engine.repo.disk.removeTree(join(engine.data, name));
  forgetContainer(engine, name);
}

/** The image's last part and some of the ID: unique without looking. */
function defaultName(image: string, id: string): string {
  const last = image.slice(image.lastIndexOf("/") + 1).replace(/[:@].*$/, "");
  return `${last}-${id.slice(0, 8)}`;
}

/** Runs a container in the foreground to its end. @returns its exit status */
export async function finishContainer(engine: Engine, { record, ended }: Started): Promise<number> {
  // The launch program does not keep this process alive by itself.
  const alive = setInterval(() => undefined, 60_000);
  const status = await ended;
  clearInterval(alive);
  if (record.remove) removeContainer(engine, record, { force: true });
  else removeCgroups(record.cgroups);
  return status;
}
