/** What this host gives containers, asked once per command. */
import { readFileSync } from "node:fs";
import { type CgroupLayout, parseCgroupLayout } from "../cgroup/layout.ts";
import { type HostCapabilities, parseHostCapabilities } from "../limits/capabilities.ts";
import { parseHardLimits } from "../limits/rlimits.ts";

const CAP_SYS_RESOURCE = 24n;

export interface Host {
  capabilities: HostCapabilities;
  /** Undefined when limits may be raised. */
  hardLimits: bigint[] | undefined;
  cgroups: CgroupLayout;
  /** The text of `cgroup.controllers` of the v2 hierarchy. */
  v2Controllers: string;
  /** A directory that keeps seccomp filters once they are made. */
  filters?: string;
}

/** @throws AtomicError unsupported without /proc or control groups */
export function readHost(): Host {
  const status = read("/proc/self/status");
  const capabilities = parseHostCapabilities(status, read("/proc/sys/kernel/cap_last_cap"));
  const cgroups = parseCgroupLayout(read("/proc/self/mountinfo"));
  const v2 = cgroups.hierarchies.find(({ version }) => version === 2);
  const mayRaise = (capabilities.bounding & (1n << CAP_SYS_RESOURCE)) !== 0n;
  return {
    capabilities,
    hardLimits: mayRaise ? undefined : parseHardLimits(read("/proc/self/limits")),
    cgroups,
    v2Controllers: v2 === undefined ? "" : read(`${v2.mountPoint}/cgroup.controllers`),
  };
}

function read(path: string): string {
  return readFileSync(path, "utf8");
}
