/** The processes of a container's control groups: counting, freezing and killing them. */
import { existsSync } from "node:fs";
import { kill } from "node:process";
import { AtomicError } from "../../errors.ts";
import { groupsBelow, readGroupFile, writeGroupFile } from "./files.ts";
import type { CgroupPlace } from "./group.ts";

const WAIT_MS = 5;
/** Freezing waits for processes that are inside the kernel. */
const FREEZE_ATTEMPTS = 2000;
const KILL_ATTEMPTS = 2000;

/** The IDs of all processes in the groups and below them, sorted. */
export function cgroupProcesses(groups: readonly CgroupPlace[]): number[] {
  const group = groups[0];
  return group === undefined ? [] : processesBelow(group.directory).sort((a, b) => a - b);
}

/**
 * Stops all processes where they are, or lets them go on; comes back when they have stopped.
 * @throws AtomicError unsupported without a freezer; conflict when they do not stop
 */
export function freezeCgroups(groups: readonly CgroupPlace[], frozen: boolean): void {
  const v1 = groups.find(({ version, options }) => version === 1 && options.includes("freezer"));
  const group = v1 ?? groups.find(({ version }) => version === 2);
  if (group === undefined) throw new AtomicError("unsupported", "pausing a container: this host has no freezer");
  const { directory } = group;
  if (v1 === undefined) writeGroupFile(directory, "cgroup.freeze", frozen ? "1" : "0");
  else writeGroupFile(directory, "freezer.state", frozen ? "FROZEN" : "THAWED");
  for (let attempt = 1; isFrozen(group) !== frozen; attempt += 1) {
    if (attempt === FREEZE_ATTEMPTS) {
      throw new AtomicError("conflict", `${frozen ? "pausing" : "resuming"} ${directory}: its processes do not follow`);
    }
    // The v1 freezer misses processes born meanwhile until it is told again.
    if (v1 !== undefined) writeGroupFile(directory, "freezer.state", frozen ? "FROZEN" : "THAWED");
    pause();
  }
}

/** Whether the groups' processes are stopped. */
export function isFrozenCgroup(groups: readonly CgroupPlace[]): boolean {
  return groups.some((group) => (group.version === 2 || group.options.includes("freezer")) && isFrozen(group));
}

/**
 * Kills every process of the groups, and those they start meanwhile; comes back when none is left.
 * @throws AtomicError conflict when one does not go
 */
export function killCgroups(groups: readonly CgroupPlace[]): void {
  for (const { version, directory } of groups) {
    // Linux 5.14 and newer do it at once.
    if (version === 2 && existsSync(`${directory}/cgroup.kill`)) writeGroupFile(directory, "cgroup.kill", "1");
  }
  for (let attempt = 1; ; attempt += 1) {
    const left = groups.flatMap(({ directory }) => processesBelow(directory));
    if (left.length === 0) return;
    if (attempt === KILL_ATTEMPTS) {
      throw new AtomicError("conflict", `killing the processes of ${groups[0]?.directory}: ${left.length} are left`);
    }
    for (const process of new Set(left)) killOne(process);
    if (isFrozenCgroup(groups)) freezeCgroups(groups, false);
    pause();
  }
}

function killOne(process: number): void {
  try {
    kill(process, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

function isFrozen({ version, directory }: CgroupPlace): boolean {
  if (version === 1) return readGroupFile(directory, "freezer.state")?.trim() === "FROZEN";
  return /^frozen 1$/m.test(readGroupFile(directory, "cgroup.events") ?? "");
}

function processesBelow(directory: string): number[] {
  const own = (readGroupFile(directory, "cgroup.procs") ?? "").split("\n").filter((line) => line !== "");
  // 0 is a process of another PID namespace.
  const found = own.map(Number).filter((process) => process > 0);
  return [...found, ...groupsBelow(directory).flatMap(processesBelow)];
}

function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, WAIT_MS);
}
