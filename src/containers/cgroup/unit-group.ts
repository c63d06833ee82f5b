/** The control group of a unit of systemd that may divide it (`Delegate=yes`). Spec: systemd.resource-control(5) */
import { readFileSync } from "node:fs";
import { AtomicError } from "../../errors.ts";
import { makeGroup, writeGroupFile } from "./files.ts";
import { parseCgroupLayout } from "./layout.ts";

/** A group of version 2 whose children have limits holds no processes, so what watches the container gets one, too. */
const WATCHER = "watcher";
const CONTAINER = "container";

/**
 * Moves this process to a group of its own below its unit's.
 * @returns the place beside it for the container's group, as `linux.cgroupsPath`
 * @throws AtomicError unsupported outside a unit
 */
export function divideUnitGroup(): string {
  const unit = unitGroupOf(readFileSync("/proc/self/cgroup", "utf8"));
  const { hierarchies } = parseCgroupLayout(readFileSync("/proc/self/mountinfo", "utf8"));
  for (const { version, mountPoint } of hierarchies) {
    if (version !== 2) continue;
    makeGroup(`${mountPoint}${unit}/${WATCHER}`);
    writeGroupFile(`${mountPoint}${unit}/${WATCHER}`, "cgroup.procs", String(process.pid));
  }
  return `${unit}/${CONTAINER}`;
}

/**
 * The path that systemd gave a process's unit, with a leading `/`.
 * @param memberships /proc/PID/cgroup
 * @throws AtomicError unsupported when it is in no service
 */
export function unitGroupOf(memberships: string): string {
  const paths = memberships.split("\n").flatMap((line) => {
    const [, path] = /^\d+:(?:|name=systemd):(\/.+)$/.exec(line) ?? [];
    return path === undefined ? [] : [path];
  });
  const unit = paths.find((path) => path.endsWith(".service"));
  if (unit === undefined)
    throw new AtomicError("unsupported", "dividing a unit's control group: this process is in no unit of systemd", {
      hint: "atomic start NAME",
    });
  return unit;
}
