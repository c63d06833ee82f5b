/** What a launch program is written from: the configuration, and what was decided about it on this host. */
import type { RuntimeConfig } from "../spec/config.ts";

/** Capabilities as the kernel counts them: bit n is capability n. */
export interface CapabilityMasks {
  bounding: bigint;
  effective: bigint;
  permitted: bigint;
  inheritable: bigint;
  ambient: bigint;
}

/** A control group of the container, which exists. */
export interface CgroupPlace {
  /** Its directory on the host. */
  directory: string;
  version: 1 | 2;
  /** Where its hierarchy is mounted below /sys/fs/cgroup: `cpu,cpuacct`, `systemd`; empty for the one of a pure v2 host. */
  name: string;
  /** Mount options that select the hierarchy: `cpu`, `cpuacct`; `none`, `name=systemd`. */
  options: readonly string[];
}

/** The part of a request that a command run inside a container has, too. */
export interface ProcessRequest {
  capabilities: CapabilityMasks;
  /** Number of the kernel's last capability. */
  lastCapability: number;
  /** Numbers as setrlimit(2) has them. */
  rlimits: readonly { resource: number; soft: bigint; hard: bigint }[];
  seccomp?: {
    /** `struct sock_filter` after `struct sock_filter`. */
    filter: Uint8Array;
    /** `SECCOMP_FILTER_FLAG_*`. */
    flags: number;
  };
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
