/** Which controllers a container's limits need. */
import type { Resources } from "../spec/resources.ts";

interface Needed {
  controller: { v1: string; v2: string };
  /** For messages: "limiting …". */
  what: string;
}

/** The controllers without which limits would not hold. */
export function neededControllers({
  memory,
  cpu = {},
  pids,
  blockIO,
  devices,
  hugepageLimits,
  network,
}: Resources): Needed[] {
  const { cpus, mems, ...time } = cpu;
  const all: [unknown, string, string, string][] = [
    [memory?.limit ?? memory?.reservation ?? memory?.swap, "memory", "memory", "memory"],
    [Object.keys(time).length > 0 ? true : undefined, "cpu", "cpu", "CPU time"],
    [(cpus ?? "") + (mems ?? "") || undefined, "cpuset", "cpuset", "the CPUs to use"],
    [pids === undefined || pids.limit <= 0 ? undefined : true, "pids", "pids", "the number of processes"],
    [blockIO, "blkio", "io", "disk use"],
    [devices !== undefined && devices.length > 0 ? true : undefined, "devices", "", "devices"],
    [hugepageLimits !== undefined && hugepageLimits.length > 0 ? true : undefined, "hugetlb", "hugetlb", "huge pages"],
    [network?.classID, "net_cls", "net_cls", "network classes"],
    [network?.priorities, "net_prio", "net_prio", "network priorities"],
  ];
  return all.filter(([wanted]) => wanted !== undefined).map(([, v1, v2, what]) => ({ controller: { v1, v2 }, what }));
}
