/** How this host mounts control groups: version 1, version 2, or both. Spec: cgroups(7) */
import { AtomicError } from "../../errors.ts";

/** One mounted hierarchy. */
export interface Hierarchy {
  version: 1 | 2;
  /** Where it is mounted. */
  mountPoint: string;
  /** Its place below /sys/fs/cgroup: `cpu,cpuacct`, `systemd`, `unified`; empty for the one of a pure v2 host. */
  name: string;
  /** Controllers of a v1 hierarchy; none for `name=systemd`, and for v2, which lists its own in `cgroup.controllers`. */
  controllers: readonly string[];
  /** Mount options that select the hierarchy. */
  options: readonly string[];
}

export interface CgroupLayout {
  hierarchies: readonly Hierarchy[];
}

const TOP = "/sys/fs/cgroup";
/** Mount options of v1 that say nothing about which hierarchy it is. */
const GENERAL_OPTIONS = new Set(["ro", "rw", "xattr", "noprefix", "clone_children", "all", "none"]);

/**
 * @param mountInfo /proc/self/mountinfo
 * @throws AtomicError unsupported when no hierarchy is mounted below /sys/fs/cgroup
 */
export function parseCgroupLayout(mountInfo: string): CgroupLayout {
  const hierarchies = mountInfo
    .split("\n")
    .map(hierarchyOf)
    .filter((one) => one !== undefined);
  if (hierarchies.length === 0) {
    throw new AtomicError("unsupported", `looking for control groups: none are mounted below ${TOP}`, {
      hint: "mount -t cgroup2 cgroup2 /sys/fs/cgroup",
    });
  }
  return { hierarchies };
}

/** One line: `ID PARENT MAJ:MIN ROOT MOUNTPOINT OPTIONS [TAG…] - TYPE SOURCE SUPEROPTIONS`. */
function hierarchyOf(line: string): Hierarchy | undefined {
  const [before = "", after = ""] = line.split(" - ");
  const mountPoint = before.split(" ")[4] ?? "";
  const [type, , superOptions = ""] = after.split(" ");
  const name =
    mountPoint === TOP ? "" : mountPoint.startsWith(`${TOP}/`) ? mountPoint.slice(TOP.length + 1) : undefined;
  if (name === undefined || name.includes("/") || name.includes("\\")) return undefined;
  if (type === "cgroup2") return { version: 2, mountPoint, name, controllers: [], options: [] };
  if (type !== "cgroup") return undefined;
  const options = superOptions
    .split(",")
    .filter((option) => !GENERAL_OPTIONS.has(option) && !option.startsWith("release_agent="));
  const controllers = options.filter((option) => !option.startsWith("name="));
  return {
    version: 1,
    mountPoint,
    name,
    controllers,
    options: controllers.length > 0 ? controllers : ["none", ...options],
  };
}
