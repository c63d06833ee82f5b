/** The mounts of the configuration: made nowhere, given their options, then put in their place by descriptor. */
import { statfsSync, statSync } from "node:fs";
import { AtomicError } from "../../errors.ts";
import { AT_FDCWD, AT_RECURSIVE, O_CLOEXEC, OPEN_TREE_CLONE, type Slot } from "../../linux/index.ts";
import type { Mount } from "../spec/config.ts";
import { attach, closeFd, mountDetached, setAttributes } from "./calls.ts";
import { mountCgroups } from "./cgroup-mounts.ts";
import type { LaunchContext } from "./context.ts";
import { type MountOptions, sortMountOptions } from "./mount-options.ts";
import { inContainer, openTarget } from "./targets.ts";

/** A mount of the configuration, ready to be written into the program. */
export interface PlannedMount {
  mount: Mount;
  /** As `inContainer` gives it. */
  path: string;
  options: MountOptions;
  kind: "directory" | "file";
  /** For a bind mount: receives the detached copy of the source. */
  tree?: Slot;
}

const PROC_SUPER_MAGIC = 0x9fa0;
/** What may be mounted below a container's /proc: files that only inform, such as those of lxcfs. */
const INSIDE_PROC = /^proc\/(cpuinfo|diskstats|loadavg|meminfo|slabinfo|stat|swaps|uptime|sys\/kernel\/ns_last_pid)$/;
/** Filesystems whose place nothing in an image may redirect. */
const SYSTEM_TYPES = new Set(["proc", "sysfs", "devpts", "mqueue", "cgroup", "cgroup2"]);

/**
 * Looks at the mounts of the configuration; the sources of bind mounts are looked up on the host.
 * @throws AtomicError invalid, not-found (no source), unsupported
 */
export function planMounts(mounts: readonly Mount[]): PlannedMount[] {
  return mounts.map((mount) => {
    const path = inContainer(mount.destination);
    const options = sortMountOptions(mount.options);
    if (mount.type === "bind" && options.bind === "none") options.bind = "single";
    if (path === ".") throw refused(mount, "a container's root cannot be a mount");
    if (path.startsWith("proc/") && !INSIDE_PROC.test(path)) throw refused(mount, "it would hide a part of /proc");
    if (options.bind === "none") {
      if (mount.type === undefined) throw refused(mount, "it has no type");
      return { mount, path, options, kind: "directory" };
    }
    if (mount.source === undefined) throw refused(mount, "a bind mount needs a source");
    const stat = statSync(mount.source, { throwIfNoEntry: false });
    if (stat === undefined)
      throw new AtomicError("not-found", `mounting ${mount.source} on ${mount.destination}: the source does not exist`);
    if (path === "proc" && statfsSync(mount.source).type !== PROC_SUPER_MAGIC)
      throw refused(mount, `${mount.source} is no process filesystem`);
    return { mount, path, options, kind: stat.isDirectory() ? "directory" : "file" };
  });
}

/** On the host's side: a detached copy of each bind mount's source. */
export function openSources({ asm }: LaunchContext, mounts: readonly PlannedMount[]): void {
  for (const planned of mounts) {
    const { bind } = planned.options;
    if (bind === "none") continue;
    asm.step(`opening ${planned.mount.source}, to be mounted on /${planned.path}`);
    planned.tree = asm.slot();
    const flags = OPEN_TREE_CLONE | O_CLOEXEC | (bind === "recursive" ? AT_RECURSIVE : 0);
    asm.call("open_tree", [AT_FDCWD, asm.text(planned.mount.source!), flags], { store: planned.tree });
  }
}

/** In the container's mount namespace: all mounts, in order. */
export function makeMounts(context: LaunchContext, root: Slot, mounts: readonly PlannedMount[]): void {
  const { asm } = context;
  for (const planned of mounts) {
    const { mount, path, options, kind } = planned;
    asm.step(`mounting ${mount.type ?? mount.source} on /${path}`);
    const target = asm.slot();
    openTarget(asm, root, { path, kind, noSymlinks: mustBeReal(planned) }, target);
    if (mount.type === "cgroup" && options.bind === "none") {
      mountCgroups(context, target, options);
      closeFd(asm, target);
      continue;
    }
    const tree = planned.tree ?? asm.slot();
    if (planned.tree === undefined) {
      const { type, source } = mount;
      mountDetached(
        asm,
        { type: type!, source: source ?? type!, options: options.data, attributes: options.set },
        tree,
      );
    }
    applyOptions(context, tree, options);
    attach(asm, tree, target);
    closeFd(asm, target);
    // The mount's propagation is its own business once it is in place; before, a shared one could not be attached.
    applyPropagation(context, tree, options);
    closeFd(asm, tree);
  }
}

function mustBeReal({ mount, path, options }: PlannedMount): boolean {
  if (options.bind !== "none") return path === "proc" || path === "dev" || path === "sys";
  return SYSTEM_TYPES.has(mount.type!) || path === "dev" || path.startsWith("dev/");
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

function refused({ destination }: Mount, why: string): AtomicError {
  return new AtomicError("invalid", `mounting on ${destination} in a container: ${why}`);
}
