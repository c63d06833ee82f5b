/** Another program in a container that runs, as `docker exec` has it. */
import { join } from "node:path";
import { AtomicError } from "../../errors.ts";
import type { WindowSize } from "../../linux/index.ts";
import { resolveUser } from "../configure/user.ts";
import { type Executed, execInContainer } from "../runtime/exec.ts";
import { parseContainerId } from "../runtime/container-id.ts";
import type { Descriptors } from "../launch/start.ts";
import type { Process, ProcessCapabilities } from "../spec/process.ts";
import { type Engine, runtimeState } from "./place.ts";
import { type NamedContainer, runtimeRecord } from "./record.ts";
import { readRootFile } from "./root-file.ts";
import { isRunning, namedStatus } from "./status.ts";

export interface ExecRequest {
  /** The program and its arguments. */
  command: readonly string[];
  /** `KEY=VALUE` each, beside the container's own. */
  env: readonly string[];
  /** `USER[:GROUP]`; who the container runs as when left out. */
  user?: string;
  /** The container's own when left out. */
  workdir?: string;
  /** Give it a terminal, of this size if it is known. */
  terminal: boolean;
  size?: WindowSize;
  detached: boolean;
  descriptors: Descriptors;
}

/** @throws AtomicError conflict when the container does not run, not-found, invalid; and what the runtime says */
export function execNamed(engine: Engine, container: NamedContainer, request: ExecRequest): Executed {
  const { name } = container;
  const present = namedStatus(engine, container);
  const record = runtimeRecord(engine, container);
  const own = record?.config.process;
  if (!isRunning(present) || record === undefined || own === undefined || present.status === "paused") {
    const hint = `atomic ${present.status === "paused" ? "unpause" : "start"} ${name}`;
    throw new AtomicError("conflict", `running a program in container ${name}: it is ${present.status}`, { hint });
  }
  return execInContainer({
    state: runtimeState(engine),
    id: parseContainerId(container.id),
    process: processOf(own, request, (path) => readRootFile(record.rootfs, path)),
    descriptors: request.descriptors,
    detached: request.detached,
    filters: join(engine.run, "seccomp"),
  });
}

function processOf(own: Process, request: ExecRequest, readFile: (path: string) => string | undefined): Process {
  const { user, size, terminal } = request;
  const variables = new Map((own.env ?? []).map((text) => [text.split("=", 1)[0]!, text]));
  const as = user === undefined ? undefined : resolveUser(user, [], readFile);
  if (as !== undefined) variables.set("HOME", `HOME=${as.home}`);
  if (terminal && !variables.has("TERM")) variables.set("TERM", "TERM=xterm");
  for (const text of request.env) variables.set(text.split("=", 1)[0]!, text);
  const { consoleSize: _, ...rest } = own;
  return {
    ...rest,
    args: [...request.command],
    env: [...variables.values()],
    cwd: request.workdir ?? own.cwd,
    terminal,
    ...(size === undefined ? {} : { consoleSize: { height: size.rows, width: size.columns } }),
    ...(as === undefined
      ? {}
      : {
          user: { ...own.user, uid: as.uid, gid: as.gid, additionalGids: as.additionalGids },
          capabilities: heldBy(as.uid, own.capabilities),
        }),
  };
}

/** What a user holds: root all that the container may have, others nothing until they gain it. */
function heldBy(uid: number, { bounding = [] }: ProcessCapabilities = {}): ProcessCapabilities {
  const held = uid === 0 ? bounding : [];
  return { bounding, effective: held, permitted: held, inheritable: [], ambient: [] };
}
