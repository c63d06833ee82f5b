/** The mounts of the configuration: made nowhere, given their options, then put in their place by descriptor. */
import { AT_FDCWD, AT_RECURSIVE, MOUNT_ATTR_RDONLY, O_CLOEXEC, OPEN_TREE_CLONE, type Slot } from "../../linux/index.ts";
import { attach, closeFd, mountDetached, setAttributes } from "./calls.ts";
import { mountCgroups } from "./cgroup-mounts.ts";
import type { LaunchContext } from "./context.ts";
import { copyUp } from "./copy-up.ts";
import { mapOwners } from "./id-mapped.ts";
import type { MountOptions } from "./mount-options.ts";
import type { PlannedMount } from "./plan-mounts.ts";
import { reportFd } from "./request.ts";
import { openTarget } from "./targets.ts";

/** On the host's side: a detached copy of each bind mount's source. */
export function openSources(context: LaunchContext, mounts: readonly PlannedMount[]): void {
  const { asm } = context;
  const { terminal } = context.request;
  const devpts = terminal === undefined ? undefined : mounts.find(holdsTerminals);
  // The one its terminal is of is there already.
  if (devpts !== undefined) devpts.tree = asm.slot(BigInt(reportFd(context.request) + 1));
  for (const planned of mounts) {
    const { bind, idMapped } = planned.options;
    if (bind === "none") continue;
    asm.step(`opening ${planned.mount.source}, to be mounted on /${planned.path}`);
    planned.tree = asm.slot();
    const flags = OPEN_TREE_CLONE | O_CLOEXEC | (bind === "recursive" ? AT_RECURSIVE : 0);
    asm.call("open_tree", [AT_FDCWD, asm.text(planned.mount.source!), flags], { store: planned.tree });
    if (planned.idMaps === undefined) continue;
    asm.step(`mapping the owners in ${planned.mount.source}`);
    mapOwners(context, planned.tree, planned.idMaps, idMapped === "recursive");
  }
}

/** Whether a mount is the devpts of the container's terminal. */
function holdsTerminals({ mount, path, options }: PlannedMount): boolean {
  return path === "dev/pts" && mount.type === "devpts" && options.bind === "none";
}

/** In the container's mount namespace: all mounts, in order. */
export function makeMounts(context: LaunchContext, root: Slot, mounts: readonly PlannedMount[]): void {
  const { asm } = context;
  for (const planned of mounts) {
    const { mount, path, options, kind, real } = planned;
    asm.step(`mounting ${mount.type ?? mount.source} on /${path}`);
    const target = asm.slot();
    openTarget(asm, root, { path, kind, noSymlinks: real }, target);
    if (mount.type === "cgroup" && options.bind === "none") {
      mountCgroups(context, target, options);
      closeFd(asm, target);
      continue;
    }
    const tree = planned.tree ?? asm.slot();
    if (planned.tree === undefined) {
      const { type, source } = mount;
      // One that is copied into becomes read-only afterwards.
      const attributes = planned.copyUp === undefined ? options.set : options.set & ~MOUNT_ATTR_RDONLY;
      mountDetached(asm, { type: type!, source: source ?? type!, options: options.data, attributes }, tree);
    }
    if (planned.copyUp !== undefined) {
      asm.step(`copying /${path} of the image`);
      copyUp(asm, planned.copyUp, target, tree);
      setAttributes(asm, tree, { set: options.set });
    }
    applyOptions(context, tree, options);
    attach(asm, tree, target);
    closeFd(asm, target);
    // The mount's propagation is its own business once it is in place; before, a shared one could not be attached.
    applyPropagation(context, tree, options);
    closeFd(asm, tree);
  }
}

function applyOptions({ asm }: LaunchContext, tree: Slot, options: MountOptions): void {
  const { bind, set, clear, recursiveSet, recursiveClear } = options;
  if (recursiveSet !== 0 || recursiveClear !== 0)
    setAttributes(asm, tree, { set: recursiveSet, clear: recursiveClear, recursive: true });
  if (bind !== "none" && (set !== 0 || clear !== 0)) setAttributes(asm, tree, { set, clear });
}

function applyPropagation({ asm }: LaunchContext, tree: Slot, options: MountOptions): void {
  for (const { flag, recursive } of options.propagation) setAttributes(asm, tree, { propagation: flag, recursive });
}
