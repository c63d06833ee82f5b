/** From limits to the directories and files of control groups; nothing is written here. */
import { AtomicError } from "../../errors.ts";
import type { Resources } from "../spec/resources.ts";
import { deviceProgram } from "./device-program.ts";
import type { CgroupPlace, CgroupWrite } from "./group.ts";
import type { CgroupLayout, Hierarchy } from "./layout.ts";
import { neededControllers } from "./needed-controllers.ts";
import { v1Writes } from "./v1-writes.ts";
import { v2Writes } from "./v2-writes.ts";

/** A group to make in one hierarchy. */
export interface PlannedGroup extends CgroupPlace {
  /** Where the hierarchy is mounted, and the group's path below it: directories to make, one in the other. */
  mountPoint: string;
  path: string;
  /** v2: controllers to enable for it in the groups above. v1 cpuset: values to inherit from above. */
  controllers: readonly string[];
  writes: readonly CgroupWrite[];
  /** v2: an eBPF program that answers for devices. */
  devices?: Buffer;
}

export interface CgroupPlan {
  groups: readonly PlannedGroup[];
  warnings: readonly string[];
}

export interface CgroupRequest {
  layout: CgroupLayout;
  /** Controllers of the v2 hierarchy, the text of its `cgroup.controllers`; empty without one. */
  v2Controllers: string;
  /** From `groupPath`. */
  path: string;
  resources: Resources;
  /** The groups are those an ordinary user was given. */
  isUsers?: boolean;
}

/**
 * The groups of a container: one in every hierarchy, so that it sees itself as their root, with its limits.
 * @throws AtomicError unsupported when a limit needs a controller this host lacks; invalid for limits that contradict
 */
export function planCgroups({ layout, v2Controllers, path, resources, isUsers = false }: CgroupRequest): CgroupPlan {
  const available = new Set(v2Controllers.split(/\s+/).filter((name) => name !== ""));
  const warnings: string[] = [];
  const v1 = (hierarchy: Hierarchy, controller: string) => hierarchy.controllers.includes(controller);
  for (const { controller, what } of neededControllers(resources)) {
    const onV1 = layout.hierarchies.some((hierarchy) => v1(hierarchy, controller.v1));
    // Devices need no controller in v2, but a program.
    const onV2 =
      layout.hierarchies.some(({ version }) => version === 2) && (controller.v2 === "" || available.has(controller.v2));
    if (!onV1 && !onV2 && isUsers) {
      throw new AtomicError(
        "unsupported",
        `limiting ${what}: you have no control group with the controller ${controller.v2}`,
        {
          hint: "systemd-run --user --scope atomic run IMAGE",
        },
      );
    }
    if (!onV1 && !onV2) {
      throw new AtomicError(
        "unsupported",
        `limiting ${what}: this host has no control group controller ${controller.v2 || controller.v1}`,
        {
          hint: "cat /proc/cgroups /sys/fs/cgroup/cgroup.controllers",
        },
      );
    }
  }
  const devicesOnV1 = layout.hierarchies.some((hierarchy) => v1(hierarchy, "devices"));
  const groups = layout.hierarchies.map((hierarchy): PlannedGroup => {
    const { version, name, options, mountPoint } = hierarchy;
    const place = { version, name, options, mountPoint, path, directory: `${mountPoint}/${path}` };
    if (version === 1) {
      const writes = hierarchy.controllers.flatMap((controller) => v1Writes(controller, resources));
      return { ...place, controllers: hierarchy.controllers, writes };
    }
    const { controllers, writes, warnings: more } = v2Writes(available, resources);
    warnings.push(...more);
    const { devices = [] } = resources;
    return {
      ...place,
      controllers,
      writes,
      ...(devices.length > 0 && !devicesOnV1 ? { devices: deviceProgram(devices) } : {}),
    };
  });
  return { groups, warnings };
}
