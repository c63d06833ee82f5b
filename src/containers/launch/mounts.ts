/** The mounts of the configuration: made nowhere, given their options, then put in their place by descriptor. */
import { statfsSync, statSync } from "node:fs";
import { AtomicError } from "../../errors.ts";
import { AT_FDCWD, AT_RECURSIVE, MOUNT_ATTR_RDONLY, O_CLOEXEC, OPEN_TREE_CLONE, type Slot } from "../../linux/index.ts";
import type { Mount, RuntimeConfig } from "../spec/config.ts";
import type { LinuxConfig } from "../spec/linux.ts";
import { hasSelinux } from "../limits/selinux.ts";
import { attach, closeFd, mountDetached, setAttributes } from "./calls.ts";
import { mountCgroups } from "./cgroup-mounts.ts";
import type { LaunchContext } from "./context.ts";
import { type CopyUp, copyUp, planCopyUp } from "./copy-up.ts";
import { type IdMaps, mapOwners } from "./id-mapped.ts";
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
  /** For a bind mount: the maps of its owners. */
  idMaps?: IdMaps;
  /** For a tmpfs: what it starts with. */
  copyUp?: CopyUp;
}

const PROC_SUPER_MAGIC = 0x9fa0;
/** What may be mounted below a container's /proc: files that only inform, such as those of lxcfs. */
const INSIDE_PROC = /^proc\/(cpuinfo|diskstats|loadavg|meminfo|slabinfo|stat|swaps|uptime|sys\/kernel\/ns_last_pid)$/;
/** Filesystems whose place nothing in an image may redirect. */
const SYSTEM_TYPES = new Set(["proc", "sysfs", "devpts", "mqueue", "cgroup", "cgroup2"]);

/** Filesystems whose files all have the label of the mount. */
const LABELLED_TYPES = new Set(["tmpfs", "devpts", "mqueue"]);

/**
 * Looks at the mounts of the configuration; the sources of bind mounts are looked up on the host.
 * @throws AtomicError invalid, not-found (no source), unsupported
 */
export function planMounts({ mounts = [], linux = {} }: RuntimeConfig, rootfs: string): PlannedMount[] {
  return mounts.map((mount, index) => {
    const path = inContainer(mount.destination);
    const options = sortMountOptions(mount.options);
    if (mount.type === "bind" && options.bind === "none") options.bind = "single";
    if (path === ".") throw refused(mount, "a container's root cannot be a mount");
    if (path.startsWith("proc/") && !INSIDE_PROC.test(path)) throw refused(mount, "it would hide a part of /proc");
    const idMaps = idMapsOf(mount, options, linux);
    if (options.bind !== "none") {
      const kind = bindKind(mount, path, options);
      return { mount, path, options, kind, ...(idMaps === undefined ? {} : { idMaps }) };
    }
    if (mount.type === undefined) throw refused(mount, "it has no type");
    if (idMaps !== undefined) throw refused(mount, "only the owners of bind mounts can be mapped", "unsupported");
    if (LABELLED_TYPES.has(mount.type) && (linux.mountLabel ?? "") !== "" && hasSelinux())
      options.data.push(`context=${linux.mountLabel}`);
    const planned: PlannedMount = { mount, path, options, kind: "directory" };
    if (!options.copyUp) return planned;
    if (mount.type !== "tmpfs") throw refused(mount, "only a tmpfs can start with a copy (tmpcopyup)");
    const hidden = mounts.slice(0, index).map(({ destination }) => inContainer(destination));
    if (hidden.some((other) => `${other}/`.startsWith(`${path}/`) || `${path}/`.startsWith(`${other}/`)))
      throw refused(mount, "tmpcopyup copies the image's files only, and another mount is there", "unsupported");
    return { ...planned, ...withCopy(planned, planCopyUp(rootfs, path)) };
  });
}

/** A bind mount's kind is that of its source. */
function bindKind(mount: Mount, path: string, { data, copyUp: copies }: MountOptions): PlannedMount["kind"] {
  const { source, destination } = mount;
  if (source === undefined) throw refused(mount, "a bind mount needs a source");
  const unknown = copies ? "tmpcopyup" : data[0];
  if (unknown !== undefined) throw refused(mount, `a bind mount has no option ${unknown}`, "unsupported");
  const stat = statSync(source, { throwIfNoEntry: false });
  if (stat === undefined)
    throw new AtomicError("not-found", `mounting ${source} on ${destination}: the source does not exist`);
  if (path === "proc" && statfsSync(source).type !== PROC_SUPER_MAGIC)
    throw refused(mount, `${source} is no process filesystem`);
  return stat.isDirectory() ? "directory" : "file";
}

/** The maps of a mount, or those of the container's user namespace where it asks for `idmap` and has none. */
function idMapsOf(mount: Mount, { idMapped }: MountOptions, linux: LinuxConfig): IdMaps | undefined {
  if (idMapped === "none" && mount.uidMappings === undefined && mount.gidMappings === undefined) return undefined;
  const uid = mount.uidMappings ?? linux.uidMappings ?? [];
  const gid = mount.gidMappings ?? linux.gidMappings ?? [];
  if (uid.length === 0 || gid.length === 0) throw refused(mount, "there are no ID maps for idmap");
  return { uid, gid };
}

/** A tmpfs that hides a directory looks like it, unless its options say otherwise. */
function withCopy({ options }: PlannedMount, hidden: CopyUp | undefined): Partial<PlannedMount> {
  if (hidden === undefined) return {};
  const { mode, uid, gid } = hidden.top;
  const own = [`mode=${(mode & 0o7777).toString(8)}`, `uid=${uid}`, `gid=${gid}`];
  const missing = own.filter(
    (one) => !options.data.some((given) => given.startsWith(one.slice(0, one.indexOf("=") + 1))),
  );
  return { copyUp: hidden, options: { ...options, data: [...missing, ...options.data] } };
}

/** On the host's side: a detached copy of each bind mount's source. */
export function openSources(context: LaunchContext, mounts: readonly PlannedMount[]): void {
  const { asm } = context;
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

function refused({ destination }: Mount, why: string, code: "invalid" | "unsupported" = "invalid"): AtomicError {
  return new AtomicError(code, `mounting on ${destination} in a container: ${why}`);
}
