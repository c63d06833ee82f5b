/** Looking at the mounts of the configuration, and at what the image has in their places. */
import { statfsSync, statSync } from "node:fs";
import { AtomicError } from "../../errors.ts";
import { close, isKernelError, O_DIRECTORY, O_PATH, open, type Slot } from "../../linux/index.ts";
import type { IdMaps } from "../ids/id-maps.ts";
import { hasSelinux } from "../limits/security-modules.ts";
import type { Mount, RuntimeConfig } from "../spec/config.ts";
import type { LinuxConfig } from "../spec/linux.ts";
import { type CopyUp, planCopyUp } from "./copy-up.ts";
import { type MountOptions, sortMountOptions } from "./mount-options.ts";
import { resolveTarget } from "./resolve-target.ts";
import { inContainer } from "./targets.ts";

/** A mount of the configuration, ready to be written into the program. */
export interface PlannedMount {
  mount: Mount;
  /** As `inContainer` gives it. */
  path: string;
  options: MountOptions;
  kind: "directory" | "file";
  /** No symlink may redirect it. */
  real: boolean;
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

/** Options of a filesystem that is made, which mount(8) does not apply to a bind mount either. */
const OF_FILESYSTEMS = /^(mode|uid|gid|size|nr_inodes)=/;
/** Filesystems whose files all have the label of the mount. */
const LABELLED_TYPES = new Set(["tmpfs", "devpts", "mqueue"]);

/**
 * Looks at the mounts of the configuration; the sources of bind mounts are looked up on the host.
 * @throws AtomicError invalid, not-found (no source), unsupported
 */
export function planMounts({ mounts = [], linux = {} }: RuntimeConfig, rootfs: string): PlannedMount[] {
  const root = openRootfs(rootfs);
  try {
    return mounts.map((mount, index) => {
      const written = inContainer(mount.destination);
      // A symlink in the image may lead to what is not there yet: /etc/resolv.conf to a file below /run.
      const real = mustBeReal(mount, written);
      const path = root === undefined || real ? written : resolveTarget(root, written);
      return { real, ...planMount(mount, path, { linux, rootfs, before: mounts.slice(0, index) }) };
    });
  } finally {
    if (root !== undefined) close(root);
  }
}

/** Undefined when there is none: the launch program says so. */
function openRootfs(rootfs: string): number | undefined {
  try {
    return open(rootfs, O_PATH | O_DIRECTORY);
  } catch (error) {
    if (isKernelError(error)) return undefined;
    throw error;
  }
}

interface Surroundings {
  linux: LinuxConfig;
  rootfs: string;
  /** The mounts made before. */
  before: readonly Mount[];
}

function planMount(mount: Mount, path: string, { linux, rootfs, before }: Surroundings): Omit<PlannedMount, "real"> {
  const options = optionsOf(mount);
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
  const planned = { mount, path, options, kind: "directory" as const };
  if (!options.copyUp) return planned;
  if (mount.type !== "tmpfs") throw refused(mount, "only a tmpfs can start with a copy (tmpcopyup)");
  const hidden = before.map(({ destination }) => inContainer(destination));
  if (hidden.some((other) => `${other}/`.startsWith(`${path}/`) || `${path}/`.startsWith(`${other}/`)))
    throw refused(mount, "tmpcopyup copies the image's files only, and another mount is there", "unsupported");
  return { ...planned, ...withCopy(options, planCopyUp(rootfs, path)) };
}

function optionsOf({ type, options }: Mount): MountOptions {
  const sorted = sortMountOptions(options);
  return type === "bind" && sorted.bind === "none" ? { ...sorted, bind: "single" } : sorted;
}

/** A bind mount's kind is that of its source. */
function bindKind(mount: Mount, path: string, { data, copyUp: copies }: MountOptions): PlannedMount["kind"] {
  const { source, destination } = mount;
  if (source === undefined) throw refused(mount, "a bind mount needs a source");
  const unknown = copies ? "tmpcopyup" : data.find((option) => !OF_FILESYSTEMS.test(option));
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
function withCopy(options: MountOptions, hidden: CopyUp | undefined): Partial<PlannedMount> {
  if (hidden === undefined) return {};
  const { mode, uid, gid } = hidden.top;
  const own = [`mode=${(mode & 0o7777).toString(8)}`, `uid=${uid}`, `gid=${gid}`];
  const missing = own.filter(
    (one) => !options.data.some((given) => given.startsWith(one.slice(0, one.indexOf("=") + 1))),
  );
  return { copyUp: hidden, options: { ...options, data: [...missing, ...options.data] } };
}

/** Whether no symlink may redirect a mount. */
function mustBeReal(mount: Mount, path: string): boolean {
  if (optionsOf(mount).bind !== "none") return path === "proc" || path === "dev" || path === "sys";
  return SYSTEM_TYPES.has(mount.type ?? "") || path === "dev" || path.startsWith("dev/");
}

function refused({ destination }: Mount, why: string, code: "invalid" | "unsupported" = "invalid"): AtomicError {
  return new AtomicError(code, `mounting on ${destination} in a container: ${why}`);
}
