/** The `process` of a configuration: what runs, as whom, with what limits. */
import {
  absolutePath,
  choice,
  flag,
  id,
  integer,
  list,
  matching,
  name,
  object,
  type Read,
  refused,
  text,
  uint16,
  uint64,
} from "./reader.ts";

/** https://github.com/opencontainers/runtime-spec/blob/v1.2.1/config.md#process */
export interface Process {
  terminal?: boolean;
  consoleSize?: ConsoleSize;
  user: ProcessUser;
  /** At least one. */
  args?: string[];
  /** `KEY=VALUE` each. */
  env?: string[];
  cwd: string;
  capabilities?: ProcessCapabilities;
  rlimits?: Rlimit[];
  noNewPrivileges?: boolean;
  apparmorProfile?: string;
  selinuxLabel?: string;
  oomScoreAdj?: number;
  scheduler?: Scheduler;
  ioPriority?: IoPriority;
  execCPUAffinity?: CpuAffinity;
}
/** In the place of one that is missing: such a container can be created, but not started. */
export const NO_PROCESS: Process = { user: { uid: 0, gid: 0 }, cwd: "/" };
export interface ConsoleSize {
  height: number;
  width: number;
}
export interface ProcessUser {
  uid: number;
  gid: number;
  umask?: number;
  additionalGids?: number[];
}
/** Names as `CAP_KILL`; one the kernel lacks is for the caller to warn of. */
export interface ProcessCapabilities {
  bounding?: string[];
  effective?: string[];
  inheritable?: string[];
  permitted?: string[];
  ambient?: string[];
}
/** 2^63 and above mean no limit. */
export interface Rlimit {
  type: RlimitType;
  soft: number;
  hard: number;
}
export interface Scheduler {
  policy: (typeof SCHEDULER_POLICIES)[number];
  nice?: number;
  priority?: number;
  flags?: (typeof SCHEDULER_FLAGS)[number][];
  runtime?: number;
  deadline?: number;
  period?: number;
}
export interface IoPriority {
  class: (typeof IO_CLASSES)[number];
  priority?: number;
}
export interface CpuAffinity {
  initial?: string;
  final?: string;
}

/** Every resource limit of Linux, in the order of its number. */
export const RLIMIT_TYPES = [
  "RLIMIT_CPU",
  "RLIMIT_FSIZE",
  "RLIMIT_DATA",
  "RLIMIT_STACK",
  "RLIMIT_CORE",
  "RLIMIT_RSS",
  "RLIMIT_NPROC",
  "RLIMIT_NOFILE",
  "RLIMIT_MEMLOCK",
  "RLIMIT_AS",
  "RLIMIT_LOCKS",
  "RLIMIT_SIGPENDING",
  "RLIMIT_MSGQUEUE",
  "RLIMIT_NICE",
  "RLIMIT_RTPRIO",
  "RLIMIT_RTTIME",
] as const;
export type RlimitType = (typeof RLIMIT_TYPES)[number];

const SCHEDULER_POLICIES = [
  "SCHED_OTHER",
  "SCHED_FIFO",
  "SCHED_RR",
  "SCHED_BATCH",
  "SCHED_ISO",
  "SCHED_IDLE",
  "SCHED_DEADLINE",
] as const;
const SCHEDULER_FLAGS = [
  "SCHED_FLAG_RESET_ON_FORK",
  "SCHED_FLAG_RECLAIM",
  "SCHED_FLAG_DL_OVERRUN",
  "SCHED_FLAG_KEEP_POLICY",
  "SCHED_FLAG_KEEP_PARAMS",
  "SCHED_FLAG_UTIL_CLAMP_MIN",
  "SCHED_FLAG_UTIL_CLAMP_MAX",
] as const;
const IO_CLASSES = ["IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE", "IOPRIO_CLASS_IDLE"] as const;

const capability = matching(/^CAP_[A-Z0-9_]{1,40}$/, "a capability such as CAP_KILL");
/** A list of CPUs or memory nodes, such as `0-3,7`. */
export const cpuList = matching(/^(\d{1,5}(-\d{1,5})?)(,\d{1,5}(-\d{1,5})?){0,1023}$/, "a list such as 0-3,7");
const variable = matching(/^[^=]/, "KEY=VALUE");

const rlimit = object<Rlimit>({ type: choice(RLIMIT_TYPES), soft: uint64, hard: uint64 }, {});

const readProcess: Read<Process> = object<Process>(
  {
    user: object<ProcessUser>({ uid: id, gid: id }, { umask: integer(0, 0o777), additionalGids: list(id) }),
    cwd: absolutePath,
  },
  {
    terminal: flag,
    consoleSize: object<ConsoleSize>({ height: uint16, width: uint16 }, {}),
    args: list(text),
    env: list(variable),
    capabilities: object<ProcessCapabilities>(
      {},
      {
        bounding: list(capability),
        effective: list(capability),
        inheritable: list(capability),
        permitted: list(capability),
        ambient: list(capability),
      },
    ),
    rlimits: list(rlimit),
    noNewPrivileges: flag,
    apparmorProfile: text,
    selinuxLabel: text,
    oomScoreAdj: integer(-1000, 1000),
    scheduler: object<Scheduler>(
      { policy: choice(SCHEDULER_POLICIES) },
      {
        nice: integer(-20, 19),
        priority: integer(0, 99),
        flags: list(choice(SCHEDULER_FLAGS)),
        runtime: uint64,
        deadline: uint64,
        period: uint64,
      },
    ),
    ioPriority: object<IoPriority>({ class: choice(IO_CLASSES) }, { priority: integer(0, 7) }),
    execCPUAffinity: object<CpuAffinity>({}, { initial: cpuList, final: cpuList }),
  },
);

/**
 * Reads a process, of a configuration or of its own file (`exec --process`).
 * @throws AtomicError invalid
 */
export const process: Read<Process> = (value, at) => {
  const found = readProcess(value, at);
  const within = (key: string) => (at === "" ? key : `${at}.${key}`);
  if (found.args !== undefined) name(found.args[0], within("args[0]"));
  const types = new Set<string>();
  for (const [index, { type, soft, hard }] of (found.rlimits ?? []).entries()) {
    const path = within(`rlimits[${index}]`);
    if (types.has(type)) throw refused(path, `${type} is there twice`);
    if (soft > hard) throw refused(path, `expected soft not above hard, found ${soft} above ${hard}`);
    types.add(type);
  }
  return found;
};
