/** Making a list of deployments what the loader offers, the first by default. */
import {
  appendKargs,
  applyBootSwitch,
  type BootEntry,
  type InstalledKernel,
  planBootSwitch,
  settleBootloader,
} from "../bootloader/index.ts";
import { AtomicError } from "../errors.ts";
import { bootEntryId, deploymentId, type DeploymentName, isSameDeployment } from "./deployment-id.ts";
import { deploymentKargs } from "./deployment-kargs.ts";
import type { HostState } from "./host-state.ts";
import type { Origin } from "./origin.ts";
import type { Sysroot } from "./sysroot.ts";

/** A deployment that has no boot entry yet. */
export interface NewlyBooting {
  name: DeploymentName;
  origin: Pick<Origin, "title" | "kargs" | "image">;
  kernel: InstalledKernel;
  /** Boot attempts to count; 0 counts none. */
  tries: number;
}

export interface SwitchRequest {
  state: HostState;
  /** What is to be listed, in boot order. */
  order: readonly DeploymentName[];
  /** Boot attempts to count of one that used up its own and is made the default; 0 counts none. */
  tries: number;
  added?: NewlyBooting;
}

/**
 * Switches what boots; the appearance of the first entry is the commit point.
 * @throws AtomicError conflict when the booted deployment is not in the list: it must stay bootable
 */
export function switchBootOrder(sysroot: Sysroot, { state, order, tries, added }: SwitchRequest): void {
  const { booted } = state;
  if (booted !== undefined && !order.some((name) => isSameDeployment(name, booted))) {
    throw new AtomicError(
      "conflict",
      `switching what boots: the booted deployment ${deploymentId(booted)} would be dropped`,
      {
        hint: "atomic host verify",
      },
    );
  }
  const wanted = order.map((name) => entryOf(state, name, { tries, added }));
  applyBootSwitch(sysroot.disk, sysroot.boot, planBootSwitch(state.bootFiles, wanted, sysroot.bootPrefix));
  settleBootloader(sysroot.disk, sysroot.boot);
}

function entryOf(
  state: HostState,
  name: DeploymentName,
  { tries: again, added }: { tries: number; added: NewlyBooting | undefined },
): BootEntry {
  const present = state.deployments.find((other) => isSameDeployment(other, name))?.entry;
  if (present !== undefined) return again > 0 ? { ...present, tries: again } : present;
  if (added === undefined || !isSameDeployment(added.name, name)) {
    throw new Error(`deployment ${deploymentId(name)} has neither a boot entry nor a kernel`);
  }
  const { origin, kernel, tries } = added;
  return {
    id: bootEntryId(name),
    title: origin.title,
    linux: kernel.linux,
    initrd: kernel.initrd,
    kargs: appendKargs(origin.kargs, deploymentKargs(name, origin.image)),
    ...(tries > 0 ? { tries } : {}),
  };
}
