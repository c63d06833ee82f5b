/** What a launch program is written from: the configuration, and what was decided about it on this host. */
import type { CgroupPlace } from "../cgroup/group.ts";
import type { CapabilityMasks } from "../limits/capabilities.ts";
import type { KernelRlimit } from "../limits/rlimits.ts";
import type { RuntimeConfig } from "../spec/config.ts";
import type { NamespaceType } from "../spec/linux.ts";
import type { Process } from "../spec/process.ts";

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
  /**
   * Its standard streams are one end of a terminal; descriptors after the one reports are written to have the terminal's
   * devpts, if that is to be mounted, and the other end.
   */
  terminal?: {
    /** Path of a socket the other end is sent to. */
    socket?: string;
  };
  /** Nobody may change groups here: the process keeps the caller's. */
  groupsFixed?: boolean;
  /** Descriptors from 3 on that the process keeps. */
  preservedFds: number;
}

/** How the container is watched. */
export interface MonitorRequest {
  /** The container's state directory, for its end and its log; without one nothing is written. */
  directory?: string;
  /** The monitor leaves the caller's session and files. */
  detached: boolean;
  /** Standard output and error go to the log instead of the caller's. */
  log: boolean;
  /** Bytes of a log file before it is put aside; there are two at most. */
  maxLog: number;
  /** A program of the host that takes the monitor's place once the container's end is recorded. */
  successor?: { argv: readonly [string, ...string[]]; env: readonly string[] };
}

/** A process to start in a container that is there. */
export interface ExecRequest extends ProcessRequest {
  process: Process;
  /** Of the container's first process, on the host. */
  pid: number;
  /** Types of the container's namespaces, its own and those it shares with others. */
  namespaces: readonly NamespaceType[];
  /** Without one, nobody waits for the process but the caller's parent. */
  monitor?: MonitorRequest;
}

export interface LaunchRequest extends ProcessRequest {
  config: RuntimeConfig;
  /** The root directory, absolute, on the host. */
  rootfs: string;
  /** Nodes cannot be made here: the host's are mounted. */
  hostNodes?: boolean;
  /** Stops before the process is executed until a byte arrives in the first FIFO; from then on reports to the second. */
  fifos?: { start: string; report: string };
  /** For hooks that run inside the container: its state as JSON, without the process ID. */
  hookState?: string;
  /** Hooks of the host come first, if there are any: a byte in the FIFO says that they have run. */
  hostHooks?: boolean;
  /** The program is the second process, and a first of ours watches it. */
  init?: boolean;
  /** Without one, nobody waits for the container but the caller's parent. */
  monitor?: MonitorRequest;
}

/** The descriptor reports are written to: the first after those that are preserved. */
export function reportFd(request: { preservedFds: number }): number {
  return 3 + request.preservedFds;
}
