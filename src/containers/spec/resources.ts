/** `linux.resources`: what a container may use of the host. */
import {
  choice,
  flag,
  int64,
  integer,
  list,
  map,
  matching,
  name,
  object,
  type Read,
  text,
  uint16,
  uint32,
  uint64,
} from "./reader.ts";
import { cpuList } from "./process.ts";

/** https://github.com/opencontainers/runtime-spec/blob/v1.2.1/config-linux.md#control-groups */
export interface Resources {
  devices?: DeviceRule[];
  memory?: MemoryLimits;
  cpu?: CpuLimits;
  pids?: { limit: number };
  blockIO?: BlockIo;
  hugepageLimits?: { pageSize: string; limit: number }[];
  network?: { classID?: number; priorities?: { name: string; priority: number }[] };
  /** Files of cgroup v2 and what is written to them. */
  unified?: Record<string, string>;
}
/** A rule of the device list; the last that matches decides. */
export interface DeviceRule {
  allow: boolean;
  /** `a` is all of them. */
  type?: "a" | "c" | "b";
  /** Missing or -1: any. */
  major?: number;
  minor?: number;
  /** Some of `r`, `w`, `m`. */
  access?: string;
}
/** Bytes; -1 is no limit. */
export interface MemoryLimits {
  limit?: number;
  reservation?: number;
  /** Memory and swap together. */
  swap?: number;
  kernel?: number;
  kernelTCP?: number;
  swappiness?: number;
  disableOOMKiller?: boolean;
  useHierarchy?: boolean;
  checkBeforeUpdate?: boolean;
}
export interface CpuLimits {
  /** Relative weight, 2 to 262144. */
  shares?: number;
  /** Microseconds of each period; negative is no limit. */
  quota?: number;
  burst?: number;
  period?: number;
  realtimeRuntime?: number;
  realtimePeriod?: number;
  cpus?: string;
  mems?: string;
  idle?: number;
}
export interface BlockIo {
  /** 10 to 1000. */
  weight?: number;
  leafWeight?: number;
  weightDevice?: WeightDevice[];
  throttleReadBpsDevice?: ThrottleDevice[];
  throttleWriteBpsDevice?: ThrottleDevice[];
  throttleReadIOPSDevice?: ThrottleDevice[];
  throttleWriteIOPSDevice?: ThrottleDevice[];
}
export interface WeightDevice {
  major: number;
  minor: number;
  weight?: number;
  leafWeight?: number;
}
/** Bytes or operations a second. */
export interface ThrottleDevice {
  major: number;
  minor: number;
  rate: number;
}

const throttles = list(object<ThrottleDevice>({ major: uint32, minor: uint32, rate: uint64 }, {}));

export const resources: Read<Resources> = object<Resources>(
  {},
  {
    devices: list(
      object<DeviceRule>(
        { allow: flag },
        {
          type: choice(["a", "c", "b"]),
          major: integer(-1, 0xffff_ffff),
          minor: integer(-1, 0xffff_ffff),
          access: matching(/^[rwm]{0,3}$/, "some of r, w and m"),
        },
      ),
    ),
    memory: object<MemoryLimits>(
      {},
      {
        limit: int64,
        reservation: int64,
        swap: int64,
        kernel: int64,
        kernelTCP: int64,
        swappiness: integer(0, 100),
        disableOOMKiller: flag,
        useHierarchy: flag,
        checkBeforeUpdate: flag,
      },
    ),
    cpu: object<CpuLimits>(
      {},
      {
        shares: uint64,
        quota: int64,
        burst: uint64,
        period: uint64,
        realtimeRuntime: int64,
        realtimePeriod: uint64,
        cpus: emptyOr(cpuList),
        mems: emptyOr(cpuList),
        idle: integer(0, 1),
      },
    ),
    pids: object({ limit: int64 }, {}),
    blockIO: object<BlockIo>(
      {},
      {
        weight: uint16,
        leafWeight: uint16,
        weightDevice: list(
          object<WeightDevice>({ major: uint32, minor: uint32 }, { weight: uint16, leafWeight: uint16 }),
        ),
        throttleReadBpsDevice: throttles,
        throttleWriteBpsDevice: throttles,
        throttleReadIOPSDevice: throttles,
        throttleWriteIOPSDevice: throttles,
      },
    ),
    hugepageLimits: list(
      object({ pageSize: matching(/^[1-9]\d{0,9}[KMG]B$/, "a page size such as 2MB"), limit: uint64 }, {}),
    ),
    network: object<NonNullable<Resources["network"]>>(
      {},
      { classID: uint32, priorities: list(object({ name, priority: uint32 }, {})) },
    ),
    unified: unifiedFiles(map(text)),
  },
);

function emptyOr(read: Read<string>): Read<string> {
  return (value, at) => (value === "" ? "" : read(value, at));
}

/** A key becomes a file name of the cgroup. */
function unifiedFiles(read: Read<Record<string, string>>): Read<Record<string, string>> {
  const file = matching(/^[a-z][a-z0-9_]*([.][A-Za-z0-9_-]+)+$/, "a file of cgroup v2 such as memory.high");
  return (value, at) => {
    const found = read(value, at);
    for (const key of Object.keys(found)) file(key, at);
    return found;
  };
}
