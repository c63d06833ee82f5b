/** Limits as the files of control groups version 2. https://docs.kernel.org/admin-guide/cgroup-v2.html */
import { AtomicError } from "../../errors.ts";
import type { BlockIo, CpuLimits, MemoryLimits, Resources } from "../spec/resources.ts";
import type { CgroupWrite } from "./group.ts";

interface V2Writes {
  /** Controllers to enable for the group. */
  controllers: string[];
  writes: CgroupWrite[];
  warnings: string[];
}

const DEFAULT_PERIOD = 100_000;
/** What is enabled where it is there, also without limits, for statistics. */
const ALWAYS = ["cpu", "memory", "pids", "io"];

/**
 * What to write for `resources` into a group of the v2 hierarchy, in order.
 * @param available its controllers; limits of others are those of a v1 hierarchy
 * @throws AtomicError invalid for limits that contradict
 */
export function v2Writes(available: ReadonlySet<string>, resources: Resources): V2Writes {
  const { cpu = {}, memory = {}, pids, blockIO, hugepageLimits = [], unified = {} } = resources;
  const cpuset = (cpu.cpus ?? "") + (cpu.mems ?? "") !== "";
  const byController: Record<string, CgroupWrite[]> = {
    cpu: cpuWrites(cpu),
    cpuset: cpuset ? [...text("cpuset.cpus", cpu.cpus), ...text("cpuset.mems", cpu.mems)] : [],
    memory: memoryWrites(memory),
    pids: pids === undefined ? [] : [{ file: "pids.max", value: pids.limit > 0 ? String(pids.limit) : "max" }],
    io: blockIO === undefined ? [] : ioWrites(blockIO),
    hugetlb: hugepageLimits.map(({ pageSize, limit }) => ({ file: `hugetlb.${pageSize}.max`, value: String(limit) })),
  };
  const named = Object.keys(unified).map((file) => file.split(".")[0] ?? "");
  const controllers = Object.keys(byController).filter(
    (name) => available.has(name) && (ALWAYS.includes(name) || byController[name]!.length > 0 || named.includes(name)),
  );
  const warnings: string[] = [];
  if (available.has("memory") && memory.swappiness !== undefined)
    warnings.push("cgroup v2 has no swappiness of a group");
  if (available.has("cpu") && (cpu.realtimeRuntime ?? cpu.realtimePeriod ?? 0) !== 0) {
    warnings.push("cgroup v2 does not share out realtime");
  }
  return {
    controllers,
    writes: [
      ...controllers.flatMap((name) => byController[name]!),
      ...Object.entries(unified).map(([file, value]) => ({ file, value })),
    ],
    warnings,
  };
}

/**
 * The weight of v2 (1 to 10000, usually 100) for the shares of v1 (2 to 262144, usually 1024). On the scale of their
 * logarithms a curve through the least, the usual and the greatest of both, as runc 1.3 and crun 1.23 have it.
 */
export function cpuWeight(shares: number): number {
  if (shares <= 2) return 1;
  if (shares >= 262_144) return 10_000;
  const log = Math.log2(shares);
  return Math.ceil(10 ** ((log * log + 125 * log) / 612 - 7 / 34));
}

function cpuWrites({ shares = 0, quota, period, burst, idle }: CpuLimits): CgroupWrite[] {
  const limited = quota !== undefined && quota > 0;
  const max = `${limited ? quota : "max"} ${period === undefined || period === 0 ? DEFAULT_PERIOD : period}`;
  return [
    ...(idle === undefined ? [] : [{ file: "cpu.idle", value: String(idle) }]),
    ...(shares === 0 ? [] : [{ file: "cpu.weight", value: String(cpuWeight(shares)) }]),
    ...((quota ?? 0) === 0 && (period ?? 0) === 0 ? [] : [{ file: "cpu.max", value: max }]),
    ...(burst === undefined ? [] : [{ file: "cpu.max.burst", value: String(burst) }]),
  ];
}

function memoryWrites({ limit = 0, swap = 0, reservation }: MemoryLimits): CgroupWrite[] {
  return [
    ...(reservation === undefined ? [] : [{ file: "memory.low", value: bytes(reservation) }]),
    ...(limit === 0 ? [] : [{ file: "memory.max", value: bytes(limit) }]),
    ...(swap === 0 ? [] : [{ file: "memory.swap.max", value: swapOnly(limit, swap) }]),
  ];
}

/** v1 and the specification count memory and swap together, v2 swap alone. */
function swapOnly(limit: number, swap: number): string {
  if (swap === -1 || (limit === -1 && swap === 0)) return "max";
  if (limit <= 0 || swap < limit) {
    throw new AtomicError(
      "invalid",
      `limiting memory: expected linux.resources.memory.swap (memory and swap together) not below limit, found ${swap} below ${limit}`,
    );
  }
  return String(swap - limit);
}

function ioWrites(block: BlockIo): CgroupWrite[] {
  const limits = [
    ["rbps", block.throttleReadBpsDevice],
    ["wbps", block.throttleWriteBpsDevice],
    ["riops", block.throttleReadIOPSDevice],
    ["wiops", block.throttleWriteIOPSDevice],
  ] as const;
  const weight = block.weight ?? 0;
  return [
    ...(weight === 0 ? [] : [{ file: "io.weight", value: `default ${ioWeight(weight)}` }]),
    ...(block.weightDevice ?? []).flatMap(({ major, minor, weight: own }) =>
      own === undefined ? [] : [{ file: "io.weight", value: `${major}:${minor} ${ioWeight(own)}` }],
    ),
    ...limits.flatMap(([key, devices = []]) =>
      devices.map(({ major, minor, rate }) => ({ file: "io.max", value: `${major}:${minor} ${key}=${rate}` })),
    ),
  ];
}

/** 10 to 1000 of v1 onto 1 to 10000 of v2. */
function ioWeight(weight: number): number {
  return Math.min(10_000, Math.max(1, 1 + Math.floor(((weight - 10) * 9999) / 990)));
}

function bytes(value: number): string {
  return value === -1 ? "max" : String(BigInt(value));
}

function text(file: string, value: string | undefined): CgroupWrite[] {
  return value === undefined || value === "" ? [] : [{ file, value }];
}
