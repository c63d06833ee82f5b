/** The namespaces a container gets, new ones and those of others. */
import { release } from "node:os";
import { AtomicError } from "../../errors.ts";
import {
  type Address,
  type Assembler,
  AT_FDCWD,
  CLONE_NEWCGROUP,
  CLONE_NEWIPC,
  CLONE_NEWNET,
  CLONE_NEWNS,
  CLONE_NEWPID,
  CLONE_NEWTIME,
  CLONE_NEWUSER,
  CLONE_NEWUTS,
  O_CLOEXEC,
  O_RDONLY,
  O_WRONLY,
  offsetFrom,
  type Slot,
} from "../../linux/index.ts";
import type { IdMaps } from "../ids/id-maps.ts";
import type { LinuxConfig, Namespace, NamespaceType } from "../spec/linux.ts";
import { closeFd, openHost, writeInto } from "./calls.ts";
import type { LaunchContext, ProcessContext } from "./context.ts";

const FLAGS: Readonly<Record<NamespaceType, number>> = {
  mount: CLONE_NEWNS,
  cgroup: CLONE_NEWCGROUP,
  uts: CLONE_NEWUTS,
  ipc: CLONE_NEWIPC,
  user: CLONE_NEWUSER,
  pid: CLONE_NEWPID,
  network: CLONE_NEWNET,
  time: CLONE_NEWTIME,
};

export interface NamespacePlan {
  /** Made with the container's first process. */
  clone: number;
  /** A cgroup namespace of its own: made once the process is in its groups. */
  cgroup: boolean;
  /** A time namespace of its own: made before its first process. */
  time: boolean;
  /** The mount namespace is that of others: the container's mounts are not to be among theirs. */
  sharesMounts: boolean;
  /** Of others. */
  joined: readonly { type: NamespaceType; path: string; flag: number; fd?: Slot }[];
}

/** Linux from which something can be mounted in mounts that are nowhere. */
const MOUNTS_IN_DETACHED = [6, 15] as const;

/** @throws AtomicError unsupported for a user namespace of others, and for a mount namespace of others before Linux 6.15 */
export function planNamespaces(namespaces: readonly Namespace[] = [], linux = release()): NamespacePlan {
  const own = new Set(namespaces.filter(({ path }) => path === undefined).map(({ type }) => type));
  const joined = namespaces.flatMap(({ type, path }) =>
    path === undefined ? [] : [{ type, path, flag: FLAGS[type] }],
  );
  const refused = joined.find(({ type }) => type === "user" || type === "time");
  if (refused !== undefined)
    throw new AtomicError("unsupported", `joining the ${refused.type} namespace ${refused.path}: it is not supported`);
  const [major = 0, minor = 0] = linux.split(".").map((part) => Number.parseInt(part, 10));
  const isNew = major > MOUNTS_IN_DETACHED[0] || (major === MOUNTS_IN_DETACHED[0] && minor >= MOUNTS_IN_DETACHED[1]);
  if (!own.has("mount") && !isNew) {
    const why = `Linux ${MOUNTS_IN_DETACHED.join(".")} is needed, this is ${linux}`;
    throw new AtomicError("unsupported", `starting a container without a mount namespace of its own: ${why}`);
  }
  const clone = [...own].filter((type) => type !== "cgroup" && type !== "time");
  return {
    clone: clone.reduce((flags, type) => flags | FLAGS[type], 0),
    cgroup: own.has("cgroup"),
    time: own.has("time"),
    sharesMounts: !own.has("mount"),
    joined,
  };
}

/** On the host's side: the namespaces of others; that of processes already holds for whoever is cloned next. */
export function openNamespaces({ asm }: LaunchContext, plan: NamespacePlan): void {
  for (const namespace of plan.joined) {
    asm.step(`opening the ${namespace.type} namespace ${namespace.path}`);
    namespace.fd = openHost(asm, namespace.path, O_RDONLY);
    if (namespace.type !== "pid") continue;
    asm.step(`joining the pid namespace ${namespace.path}`);
    asm.call("setns", [namespace.fd, namespace.flag]);
  }
}

/** In the container's process: the other namespaces of others. */
export function joinNamespaces({ asm }: LaunchContext, plan: NamespacePlan): void {
  for (const { type, path, flag, fd } of plan.joined) {
    if (type === "pid" || fd === undefined) continue;
    asm.step(`joining the ${type} namespace ${path}`);
    asm.call("setns", [fd, flag]);
    closeFd(asm, fd);
  }
}

/**
 * Joins the namespaces of a process that is there, through its descriptor `pidfd`: all at once, so the kernel sees to
 * the user namespace's privileges.
 */
export function joinProcess({ asm }: ProcessContext, pidfd: number, types: readonly NamespaceType[]): void {
  if (types.length === 0) return;
  asm.step(`joining the container's namespaces (${types.join(", ")})`);
  asm.call("setns", [pidfd, types.reduce((flags, type) => flags | FLAGS[type], 0)]);
}

/** On the host's side: a time namespace for the next process, with its offsets. */
export function makeTimeNamespace({ asm, proc }: LaunchContext, offsets: LinuxConfig["timeOffsets"] = {}): void {
  asm.step("making a time namespace");
  asm.call("unshare", [CLONE_NEWTIME]);
  for (const [clock, { secs = 0, nanosecs = 0 }] of Object.entries(offsets)) {
    asm.step(`setting the offset of the ${clock} clock`);
    writeInto(asm, proc, "self/timens_offsets", `${clock} ${secs} ${nanosecs}`);
  }
}

/** Digits of the largest process ID, with room. */
const PID_WIDTH = 10;

/** On the host's side: gives the user namespace of the process `pid` its ID maps. */
export function writeIdMaps(asm: Assembler, pid: Slot, maps: IdMaps): void {
  for (const [file, mappings] of [
    ["uid_map", maps.uid],
    ["gid_map", maps.gid],
  ] as const) {
    const lines = mappings.map(({ containerID, hostID, size }) => `${containerID} ${hostID} ${size}\n`).join("");
    const [path, fd] = [pathOfProcess(asm, pid, file), asm.slot()];
    asm.call("openat", [AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0], { store: fd });
    asm.call("write", [fd, asm.text(lines), lines.length]);
    closeFd(asm, fd);
  }
}

/** `/proc/PID/file`; the unused digits of the PID are slashes, which count as one. */
export function pathOfProcess(asm: Assembler, pid: Slot, file: string): Address {
  const before = `/proc/${"/".repeat(PID_WIDTH)}`;
  const path = asm.bytes(Buffer.from(`${before}/${file}\0`));
  asm.decimal(pid, offsetFrom(path, before.length));
  return path;
}
