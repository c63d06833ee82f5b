/** What every container has mounted. */
import type { Mount } from "../spec/config.ts";
import type { RunOptions } from "./run-options.ts";
import { volumeMount } from "./volumes.ts";

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
 */
export function containerMounts(options: RunOptions, files: readonly OwnFile[]): Mount[] {
  const { privileged, namespaces, shmSize, volumes } = options;
  const writable = privileged ? "rw" : "ro";
  const hostIpc = namespaces.ipc.kind === "host";
  const kernel: Mount[] = [
    { destination: "/proc", type: "proc", source: "proc", options: QUIET },
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
      options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
    },
    { destination: "/sys", type: "sysfs", source: "sysfs", options: [...QUIET, writable] },
    { destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: [...QUIET, "relatime", writable] },
    { destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: QUIET },
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

function depth(path: string): number {
  return path.split("/").length;
}
