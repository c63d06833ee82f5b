/** Making and removing a container's control groups. */
import { AtomicError, isAtomicError } from "../../errors.ts";
import { attachDeviceProgram, close, O_DIRECTORY, O_RDONLY, open } from "../../linux/index.ts";
import { groupsBelow, makeGroup, readGroupFile, removeGroup, writeGroupFile } from "./files.ts";
import type { CgroupPlan, PlannedGroup } from "./plan.ts";

/** A group is busy for a moment after its last process is gone. */
const REMOVE_ATTEMPTS = 100;
const REMOVE_PAUSE_MS = 10;
const MAX_DEPTH = 64;

/**
 * Makes the groups and sets their limits. What was made is removed again when that fails.
 * @throws AtomicError naming the file and value the kernel refused
 */
export function makeCgroups({ groups }: CgroupPlan): void {
  const made: string[] = [];
  try {
    for (const group of groups) makePlanned(group, made);
  } catch (error) {
    for (const directory of made.toReversed()) removeGroup(directory);
    throw error;
  }
}

/** Sets the limits of groups that exist. @throws AtomicError naming the file and value the kernel refused */
export function updateCgroups({ groups }: CgroupPlan): void {
  for (const group of groups) setLimits(group);
}

/**
 * Removes the groups with all below them, once their processes are gone.
 * @throws AtomicError conflict when a process stays
 */
export function removeCgroups(groups: readonly { directory: string }[]): void {
  for (const { directory } of groups) removeTree(directory, 0);
}

function makePlanned(group: PlannedGroup, made: string[]): void {
  let directory = group.mountPoint;
  for (const part of group.path.split("/")) {
    if (group.version === 2) enableControllers(directory, group.controllers);
    const parent = directory;
    directory = `${directory}/${part}`;
    if (makeGroup(directory)) made.push(directory);
    if (group.version === 1 && group.controllers.includes("cpuset")) inheritCpuset(parent, directory);
  }
  setLimits(group);
}

function setLimits({ directory, writes, devices }: PlannedGroup): void {
  for (const write of writes) apply(directory, write);
  if (devices === undefined) return;
  const fd = open(directory, O_RDONLY | O_DIRECTORY);
  try {
    attachDeviceProgram(fd, devices);
  } finally {
    close(fd);
  }
}

function apply(directory: string, { file, value, optional }: PlannedGroup["writes"][number]): void {
  try {
    writeGroupFile(directory, file, value);
  } catch (error) {
    if (optional !== true || !isAtomicError(error)) throw error;
  }
}

function enableControllers(directory: string, controllers: readonly string[]): void {
  const enabled = (readGroupFile(directory, "cgroup.subtree_control") ?? "").split(/\s+/);
  const missing = controllers.filter((name) => !enabled.includes(name));
  if (missing.length > 0)
    writeGroupFile(directory, "cgroup.subtree_control", missing.map((name) => `+${name}`).join(" "));
}

/** A new cpuset is empty, and takes no process before it names CPUs and memory. */
function inheritCpuset(parent: string, directory: string): void {
  for (const file of ["cpuset.cpus", "cpuset.mems"]) {
    const own = readGroupFile(directory, file)?.trim();
    const above = readGroupFile(parent, file)?.trim();
    if (own === "" && above !== undefined && above !== "") writeGroupFile(directory, file, above);
  }
}

/** Removes the groups that are empty, without looking into them. @returns the others */
export function removeEmptyCgroups<Group extends { directory: string }>(groups: readonly Group[]): Group[] {
  return groups.filter(({ directory }) => !removeGroup(directory));
}

function removeTree(directory: string, depth: number): void {
  if (depth > MAX_DEPTH)
    throw new AtomicError("invalid", `removing the control group ${directory}: too many groups in each other`);
  for (const below of groupsBelow(directory)) removeTree(below, depth + 1);
  for (let attempt = 1; !removeGroup(directory); attempt += 1) {
    if (attempt === REMOVE_ATTEMPTS) {
      throw new AtomicError("conflict", `removing the control group ${directory}: processes are still in it`, {
        hint: `cat ${directory}/cgroup.procs`,
      });
    }
    pause();
  }
}

function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, REMOVE_PAUSE_MS);
}
