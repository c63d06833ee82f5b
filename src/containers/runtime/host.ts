/** What this host gives containers, asked once per command. */
import { readFileSync, statSync } from "node:fs";
import { delegatedLayout } from "../cgroup/delegated.ts";
import type { IdMaps } from "../ids/id-maps.ts";
import { mayChangeGroups, ownIdMaps } from "../ids/own-maps.ts";
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
  /** In a user namespace: its IDs, and whether nobody may change groups there. */
  userIds?: IdMaps;
  groupsFixed?: boolean;
  /** A directory that keeps seccomp filters once they are made. */
  filters?: string;
}

/** @throws AtomicError unsupported without /proc or control groups */
export function readHost(): Host {
  const status = read("/proc/self/status");
  const capabilities = parseHostCapabilities(status, read("/proc/sys/kernel/cap_last_cap"));
  const userIds = ownIdMaps();
  const cgroups = userIds === undefined ? parseCgroupLayout(read("/proc/self/mountinfo")) : givenCgroups();
  const v2 = cgroups.hierarchies.find(({ version }) => version === 2);
  // That of a user namespace does not raise limits.
  const mayRaise = userIds === undefined && (capabilities.bounding & (1n << CAP_SYS_RESOURCE)) !== 0n;
  return {
    capabilities,
    hardLimits: mayRaise ? undefined : parseHardLimits(read("/proc/self/limits")),
    cgroups,
    ...(userIds === undefined ? {} : { userIds, groupsFixed: !mayChangeGroups() }),
    v2Controllers: v2 === undefined ? "" : read(`${v2.mountPoint}/cgroup.controllers`),
  };
}

/** Those an ordinary user may use. */
function givenCgroups(): CgroupLayout {
  const mounts = read("/proc/self/mountinfo");
  const layout = / - cgroup2? /.test(mounts) ? parseCgroupLayout(mounts) : { hierarchies: [] };
  return delegatedLayout(layout, read("/proc/self/cgroup"), (directory) => {
    try {
      return statSync(directory).uid === 0 && read(`${directory}/cgroup.procs`) === "";
    } catch {
      return false; // not mounted from its top, or gone
    }
  });
}

function read(path: string): string {
  return readFileSync(path, "utf8");
}
