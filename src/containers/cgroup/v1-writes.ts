/** Limits as the files of control groups version 1. https://docs.kernel.org/admin-guide/cgroup-v1/ */
import type { BlockIo, CpuLimits, DeviceRule, MemoryLimits, Resources } from "../spec/resources.ts";
import type { CgroupWrite } from "./group.ts";

/** What to write for `resources` into a group of `controller`, in order. */
export function v1Writes(controller: string, resources: Resources): CgroupWrite[] {
  const { cpu = {}, memory = {}, pids, blockIO = {}, devices = [], hugepageLimits = [], network = {} } = resources;
  switch (controller) {
    case "cpu":
      return cpuWrites(cpu);
    case "cpuset":
      return [...text("cpuset.cpus", cpu.cpus), ...text("cpuset.mems", cpu.mems)];
    case "memory":
      return memoryWrites(memory);
    case "pids":
      return pids === undefined ? [] : [{ file: "pids.max", value: pids.limit > 0 ? String(pids.limit) : "max" }];
    case "blkio":
      return blockWrites(blockIO);
    case "devices":
      return devices.map(deviceWrite);
    case "hugetlb":
      return hugepageLimits.map(({ pageSize, limit }) => ({
        file: `hugetlb.${pageSize}.limit_in_bytes`,
        value: String(limit),
      }));
    case "net_cls":
      return number("net_cls.classid", network.classID);
    case "net_prio":
      return (network.priorities ?? []).map(({ name, priority }) => ({
        file: "net_prio.ifpriomap",
        value: `${name} ${priority}`,
      }));
    default:
      return [];
  }
}

function cpuWrites(cpu: CpuLimits): CgroupWrite[] {
  return [
    ...number("cpu.shares", cpu.shares === 0 ? undefined : cpu.shares),
    // The period first: the kernel refuses a quota whose share of the old period is too small.
    ...number("cpu.cfs_period_us", cpu.period === 0 ? undefined : cpu.period),
    ...number("cpu.cfs_quota_us", cpu.quota === 0 ? undefined : cpu.quota),
    ...number("cpu.cfs_burst_us", cpu.burst),
    ...number("cpu.rt_period_us", cpu.realtimePeriod),
    ...number("cpu.rt_runtime_us", cpu.realtimeRuntime),
    ...number("cpu.idle", cpu.idle),
  ];
}

function memoryWrites(memory: MemoryLimits): CgroupWrite[] {
  const { limit, swap, reservation, kernelTCP, kernel, swappiness, disableOOMKiller } = memory;
  return [
    ...number("memory.limit_in_bytes", limit === 0 ? undefined : limit),
    ...number("memory.memsw.limit_in_bytes", swap === 0 ? undefined : swap),
    ...number("memory.soft_limit_in_bytes", reservation),
    // Linux 5.11 took its effect away, and newer kernels refuse it.
    ...number("memory.kmem.limit_in_bytes", kernel).map((write) => ({ ...write, optional: true as const })),
    ...number("memory.kmem.tcp.limit_in_bytes", kernelTCP),
    ...number("memory.swappiness", swappiness),
    ...(disableOOMKiller === true ? [{ file: "memory.oom_control", value: "1" }] : []),
  ];
}

function blockWrites(block: BlockIo): CgroupWrite[] {
  const throttles = [
    ["blkio.throttle.read_bps_device", block.throttleReadBpsDevice],
    ["blkio.throttle.write_bps_device", block.throttleWriteBpsDevice],
    ["blkio.throttle.read_iops_device", block.throttleReadIOPSDevice],
    ["blkio.throttle.write_iops_device", block.throttleWriteIOPSDevice],
  ] as const;
  return [
    // Only the BFQ scheduler weighs, and only where it is in use.
    ...number("blkio.bfq.weight", block.weight === 0 ? undefined : block.weight),
    ...(block.weightDevice ?? []).flatMap(({ major, minor, weight }) =>
      weight === undefined ? [] : [{ file: "blkio.bfq.weight_device", value: `${major}:${minor} ${weight}` }],
    ),
    ...throttles.flatMap(([file, devices = []]) =>
      devices.map(({ major, minor, rate }) => ({ file, value: `${major}:${minor} ${rate}` })),
    ),
  ];
}

function deviceWrite({ allow, type = "a", major, minor, access = "" }: DeviceRule): CgroupWrite {
  const number = (value = -1) => (value === -1 ? "*" : String(value));
  const file = allow ? "devices.allow" : "devices.deny";
  // "a" with numbers would be taken for all devices, whatever the numbers.
  return {
    file,
    value: type === "a" ? "a" : `${type} ${number(major)}:${number(minor)} ${access === "" ? "rwm" : access}`,
  };
}

function number(file: string, value: number | undefined): CgroupWrite[] {
  return value === undefined ? [] : [{ file, value: String(BigInt(value)) }];
}

function text(file: string, value: string | undefined): CgroupWrite[] {
  return value === undefined || value === "" ? [] : [{ file, value }];
}
