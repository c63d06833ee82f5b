/** Starting a container: its root is mounted, its configuration made for this host as it is now, and the runtime called. */
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { AtomicError } from "../../errors.ts";
import { statIfExists, AT_FDCWD } from "../../linux/index.ts";
import { configure } from "../configure/configure.ts";
import { EXIT_FILE } from "../launch/files.ts";
import { parseContainerId } from "../runtime/container-id.ts";
import { createContainer } from "../runtime/create.ts";
import { deleteContainer } from "../runtime/delete.ts";
import { waitInForeground } from "../runtime/foreground.ts";
import type { RuntimeConfig } from "../spec/config.ts";
import { seccomp as readSeccomp } from "../spec/seccomp.ts";
import { hostFacts } from "./host-facts.ts";
import { lockContainer } from "./lock.ts";
import { writeOwnFiles } from "./own-files.ts";
import { bundleDirectory, dataDirectory, type Engine, runtimeState } from "./place.ts";
import { findNamed, type NamedContainer } from "./record.ts";
import { removeContainer } from "./remove.ts";
import { readRootFile } from "./root-file.ts";
import { mountRoot } from "./rootfs.ts";
import { isRunning, namedStatus } from "./status.ts";

export interface StartOptions {
  /** Leave it in the background, what it prints in its log. */
  detach: boolean;
  /** Give it the caller's standard input. */
  interactive: boolean;
}

/** A container that was started. */
export interface Started {
  container: NamedContainer;
  /** Of its first process on the host. */
  pid: number | undefined;
  /** What was lowered to what this host allows. */
  warnings: string[];
  /** Resolves with the exit status, unless it is in the background. */
  ended: Promise<number>;
}

/** Bytes of a log before it is put aside; there are two. */
const MAX_LOG = 10 << 20;

/** Starts a container that does not run. @throws AtomicError conflict, and what `configure` and the runtime say */
export async function startNamed(
  engine: Engine,
  container: NamedContainer,
  { detach, interactive }: StartOptions,
): Promise<Started> {
  const { name } = container;
  const unlock = lockContainer(engine, container);
  const input = interactive && !detach ? 0 : openSync("/dev/null", "r");
  try {
    const present = namedStatus(engine, container);
    if (isRunning(present)) throw new AtomicError("conflict", `starting container ${name}: it is ${present.status}`);
    const [state, id] = [runtimeState(engine), parseContainerId(container.id)];
    deleteContainer(state, id, true); // what is left of the last time
    const bundle = bundleDirectory(engine, id);
    mkdirSync(bundle, { recursive: true, mode: 0o700 });
    const rootfs = mountRoot(engine, container);
    const directory = dataDirectory(engine, name);
    forgetExit(engine, join(directory, EXIT_FILE));
    const { record, warnings, ended } = createContainer({
      state,
      id,
      bundle,
      rootfs,
      config: configureNamed(engine, container, { bundle, rootfs }),
      descriptors: [input, 1, 2],
      waits: false,
      filters: join(engine.run, "seccomp"),
      monitor: { directory, detached: detach, log: detach, maxLog: MAX_LOG },
    });
    return { container, pid: record.process?.pid, warnings, ended };
  } finally {
    unlock();
    if (input !== 0) closeSync(input);
  }
}

function forgetExit(engine: Engine, path: string): void {
  if (statIfExists(AT_FDCWD, path) !== undefined) engine.repo.disk.unlink(path);
}

function configureNamed(
  engine: Engine,
  { id, options, defaults, command }: NamedContainer,
  { bundle, rootfs }: { bundle: string; rootfs: string },
): RuntimeConfig {
  const { seccomp } = options.security;
  return configure({
    options,
    image: defaults,
    command,
    id,
    rootfs,
    host: hostFacts(),
    readFile: (path) => readRootFile(rootfs, path),
    namespacePath: (other, type) => namespaceOf(engine, other, type === "network" ? "net" : type),
    files: writeOwnFiles(bundle, options, options.hostname ?? id.slice(0, 12)),
    ...(seccomp === undefined || seccomp === "unconfined"
      ? {}
      : { seccomp: readSeccomp(JSON.parse(readFileSync(seccomp, "utf8")), seccomp) }),
  });
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
export async function finishContainer(engine: Engine, { container, pid, ended }: Started): Promise<number> {
  const status = await waitInForeground(pid, ended);
  if (container.options.remove) removeContainer(engine, container, { force: true });
  else deleteContainer(runtimeState(engine), parseContainerId(container.id), true);
  return status;
}
