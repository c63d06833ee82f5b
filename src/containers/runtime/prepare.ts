/** From a configuration and this host to what a launch program is written from. */
import type { Machine } from "../seccomp/compile.ts";
import { type CgroupPlan, planCgroups } from "../cgroup/plan.ts";
import { groupPath } from "../cgroup/group-path.ts";
import { DEFAULT_DEVICE_RULES } from "../limits/device-rules.ts";
import { grantCapabilities } from "../limits/capabilities.ts";
import { clampRlimits } from "../limits/rlimits.ts";
import { checkSysctls } from "../limits/sysctls.ts";
import type { ProcessRequest } from "../launch/request.ts";
import type { RuntimeConfig } from "../spec/config.ts";
import type { Device } from "../spec/linux.ts";
import type { Process } from "../spec/process.ts";
import type { DeviceRule } from "../spec/resources.ts";
import type { Seccomp } from "../spec/seccomp.ts";
import type { Host } from "./host.ts";
import { seccompFilter } from "./seccomp-cache.ts";

const ALLOWED_DEVICES = DEFAULT_DEVICE_RULES.filter(({ allow }) => allow);

/**
 * The groups of a container, to be made before it is launched.
 * @throws AtomicError invalid, unsupported
 */
export function planContainerCgroups(config: RuntimeConfig, id: string, host: Host): CgroupPlan {
  const { cgroupsPath = "", resources = {} } = config.linux ?? {};
  const path = groupPath(cgroupsPath, id);
  const isUsers = host.userIds !== undefined;
  // An ordinary user reaches what the host lets that user reach, and can forbid no device.
  const devices = isUsers ? [] : (resources.devices ?? []);
  // The devices every container has may be used, whatever the configuration denies, and its nodes be made.
  const granted = devices.slice(devices.findLastIndex(({ allow }) => !allow) + 1);
  const missing = ALLOWED_DEVICES.filter((rule) => !granted.some((other) => isSameRule(rule, other)));
  const more = [...missing, ...nodeRules(config.linux?.devices ?? [])];
  const all = { ...resources, devices: devices.length === 0 ? [] : [...devices, ...more] };
  return planCgroups({ layout: host.cgroups, v2Controllers: host.v2Controllers, path, resources: all, isUsers });
}

function isSameRule(one: DeviceRule, other: DeviceRule): boolean {
  return (["type", "major", "minor", "access"] as const).every((field) => one[field] === other[field]);
}

/** A container's process makes its nodes when it is in its groups already; whether it may use them is another matter. */
function nodeRules(devices: readonly Device[]): DeviceRule[] {
  return devices.flatMap(({ type, major, minor }) =>
    type === "p"
      ? []
      : [{ allow: true, type: type === "b" ? "b" : "c", major: major ?? 0, minor: minor ?? 0, access: "m" }],
  );
}

/** @throws AtomicError invalid for a sysctl that is not the container's own */
export function checkOwnSysctls({ linux }: RuntimeConfig): void {
  const own = (linux?.namespaces ?? []).map(({ type }) => type);
  checkSysctls(linux?.sysctl ?? {}, new Set(own));
}

/** @returns what the process may do here, and what of the configuration it had to go without */
export function prepareProcess(
  process: Process,
  seccomp: Seccomp | undefined,
  host: Host,
): { request: Omit<ProcessRequest, "cgroups" | "preservedFds">; warnings: string[] } {
  const { masks, warnings } = grantCapabilities(process.capabilities, host.capabilities);
  const limits = clampRlimits(process.rlimits ?? [], host.hardLimits);
  const request = {
    capabilities: masks,
    lastCapability: host.capabilities.last,
    rlimits: limits.rlimits,
    ...(host.groupsFixed === true ? { groupsFixed: true } : {}),
  };
  const all = [...warnings, ...limits.warnings];
  if (seccomp === undefined) return { request, warnings: all };
  const { filter, flags, warnings: more } = seccompFilter(seccomp, globalThis.process.arch as Machine, host.filters);
  return { request: { ...request, seccomp: { filter, flags } }, warnings: [...all, ...more] };
}
