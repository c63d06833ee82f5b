/** What every container has mounted. */
import { type IdMaps, outsideId } from "../ids/id-maps.ts";
import type { Mount } from "../spec/config.ts";
import type { RunOptions } from "./run-options.ts";
import { volumeMount } from "./volumes.ts";

/** Debian's number of the group, and everybody else's. */
const TTY = 5;
const QUIET = ["nosuid", "noexec", "nodev"];

/** A file of the host that is mounted as the container's own: `/etc/hosts` and the like. */
export interface OwnFile {
  source: string;
  destination: string;
  /** It is others' as well. */
  readOnly?: boolean;
}

/**
 * The kernel's filesystems, then the container's own files, then its volumes; what is mounted in another comes after it.
 * @param ids of the user namespace it is in
 */
export function containerMounts(options: RunOptions, files: readonly OwnFile[], ids?: IdMaps): Mount[] {
  const { privileged, namespaces, shmSize, volumes } = options;
  const writable = privileged ? "rw" : "ro";
  const ownUsers = ids !== undefined;
  const hostIpc = namespaces.ipc.kind === "host";
  // These show namespaces, and the kernel mounts them for those alone who own what they show.
  const kernelMount = (destination: string, type: string, own: boolean, more: readonly string[] = []): Mount =>
    own || !ownUsers
      ? { destination, type, source: type, options: [...QUIET, ...more] }
      : { destination, type: "bind", source: destination, options: ["rbind", "rslave", ...QUIET, ...more] };
  const kernel: Mount[] = [
    kernelMount("/proc", "proc", namespaces.pid.kind === "private"),
    {
      destination: "/dev",
      type: "tmpfs",
      source: "tmpfs",
      options: ["nosuid", "strictatime", "mode=755", "size=65536k"],
    },
    {
      destination: "/dev/pts",
      type: "devpts",
      source: "devpts",
      options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", ...terminalGroup(ids)],
    },
    kernelMount("/sys", "sysfs", ["private", "network", "pasta"].includes(namespaces.network.kind), [writable]),
    { destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: [...QUIET, "relatime", writable] },
    // Message queues work without it.
    ...(ownUsers && namespaces.ipc.kind !== "private"
      ? []
      : [{ destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: QUIET }]),
    hostIpc
      ? { destination: "/dev/shm", type: "bind", source: "/dev/shm", options: ["rbind", ...QUIET] }
      : { destination: "/dev/shm", type: "tmpfs", source: "shm", options: [...QUIET, "mode=1777", `size=${shmSize}`] },
  ];
  const own = files.map(({ source, destination, readOnly }): Mount => ({
    destination,
    type: "bind",
    source,
    options: ["bind", "rprivate", "nosuid", "nodev", "noexec", ...(readOnly === true ? ["ro"] : [])],
  }));
  const asked = volumes.map(volumeMount);
  const taken = new Set(asked.map(({ destination }) => destination));
  const all = [...kernel, ...own].filter(({ destination }) => !taken.has(destination));
  return [...all, ...asked.toSorted((a, b) => depth(a.destination) - depth(b.destination))];
}

/** Where there is but one group, terminals are of that. */
function terminalGroup(ids: IdMaps | undefined): string[] {
  return ids === undefined || outsideId(ids.gid, TTY) !== undefined ? [`gid=${TTY}`] : [];
}

function depth(path: string): number {
  return path.split("/").length;
}
