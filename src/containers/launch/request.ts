/** What a launch program is written from: the configuration, and what was decided about it on this host. */
import type { CgroupPlace } from "../cgroup/group.ts";
import type { CapabilityMasks } from "../limits/capabilities.ts";
import type { KernelRlimit } from "../limits/rlimits.ts";
import type { RuntimeConfig } from "../spec/config.ts";

/** The part of a request that a command run inside a container has, too. */
export interface ProcessRequest {
  capabilities: CapabilityMasks;
  /** Number of the kernel's last capability. */
  lastCapability: number;
  rlimits: readonly KernelRlimit[];
  seccomp?: {
    /** `struct sock_filter` after `struct sock_filter`. */
    filter: Uint8Array;
    /** `SECCOMP_FILTER_FLAG_*`. */
    flags: number;
  };
  /** Groups it enters; they exist. */
  cgroups: readonly CgroupPlace[];
  /** Descriptors from 3 on that the process keeps. */
  preservedFds: number;
}

/** How the container is watched. */
export interface MonitorRequest {
  /** The container's state directory. */
  directory: string;
  /** The monitor leaves the caller's session and files. */
  detached: boolean;
  /** Standard output and error go to the log instead of the caller's. */
  log: boolean;
  /** Bytes of a log file before it is put aside; there are two at most. */
  maxLog: number;
}

export interface LaunchRequest extends ProcessRequest {
  config: RuntimeConfig;
  /** The root directory, absolute, on the host. */
  rootfs: string;
  /** Stops before the process is executed until a byte arrives in this FIFO. */
  fifo?: string;
  /** Without one, nobody waits for the container but the caller's parent. */
  monitor?: MonitorRequest;
}

/** The descriptor reports are written to: the first after those that are preserved. */
export function reportFd(request: { preservedFds: number }): number {
  return 3 + request.preservedFds;
}
