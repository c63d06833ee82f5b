/** The options of a mount of the configuration, sorted by what they are for. Spec: OCI runtime, config.md, "Linux mount options" */
import {
  MOUNT_ATTR_ATIME_MASK,
  MOUNT_ATTR_NOATIME,
  MOUNT_ATTR_NODEV,
  MOUNT_ATTR_NODIRATIME,
  MOUNT_ATTR_NOEXEC,
  MOUNT_ATTR_NOSUID,
  MOUNT_ATTR_NOSYMFOLLOW,
  MOUNT_ATTR_RDONLY,
  MOUNT_ATTR_STRICTATIME,
  MS_PRIVATE,
  MS_SHARED,
  MS_SLAVE,
  MS_UNBINDABLE,
} from "../../linux/index.ts";

export interface MountOptions {
  bind: "none" | "single" | "recursive";
  /** `MOUNT_ATTR_*` of the mount, and those that its submounts get, too. */
  set: number;
  clear: number;
  recursiveSet: number;
  recursiveClear: number;
  /** In order. */
  propagation: { flag: number; recursive: boolean }[];
  /** Options of the filesystem. */
  data: string[];
  /** A tmpfs starts with what the image has at its place. */
  copyUp: boolean;
  /** Owners are mapped, in submounts too. */
  idMapped: "none" | "single" | "recursive";
}

type Change = readonly [set: number, clear: number];
const ATTRIBUTES: Readonly<Record<string, Change>> = {
  ro: [MOUNT_ATTR_RDONLY, 0],
  rw: [0, MOUNT_ATTR_RDONLY],
  nosuid: [MOUNT_ATTR_NOSUID, 0],
  suid: [0, MOUNT_ATTR_NOSUID],
  nodev: [MOUNT_ATTR_NODEV, 0],
  dev: [0, MOUNT_ATTR_NODEV],
  noexec: [MOUNT_ATTR_NOEXEC, 0],
  exec: [0, MOUNT_ATTR_NOEXEC],
  noatime: [MOUNT_ATTR_NOATIME, MOUNT_ATTR_ATIME_MASK],
  atime: [0, MOUNT_ATTR_ATIME_MASK],
  relatime: [0, MOUNT_ATTR_ATIME_MASK],
  norelatime: [0, MOUNT_ATTR_ATIME_MASK],
  strictatime: [MOUNT_ATTR_STRICTATIME, MOUNT_ATTR_ATIME_MASK],
  nostrictatime: [0, MOUNT_ATTR_ATIME_MASK],
  nodiratime: [MOUNT_ATTR_NODIRATIME, 0],
  diratime: [0, MOUNT_ATTR_NODIRATIME],
  nosymfollow: [MOUNT_ATTR_NOSYMFOLLOW, 0],
  symfollow: [0, MOUNT_ATTR_NOSYMFOLLOW],
};
const PROPAGATION: Readonly<Record<string, number>> = {
  shared: MS_SHARED,
  slave: MS_SLAVE,
  private: MS_PRIVATE,
  unbindable: MS_UNBINDABLE,
};
/** Without effect: defaults of the kernel, or about messages. */
const IGNORED = new Set(["defaults", "async", "nomand", "noiversion", "nolazytime", "loud", "silent", "remount"]);

const recursively = (names: readonly string[]): string[] => [...names, ...names.map((name) => `r${name}`)];
/** Every option that has a meaning here, whatever the filesystem. */
export const MOUNT_OPTIONS: readonly string[] = [
  ...recursively([...Object.keys(ATTRIBUTES), ...Object.keys(PROPAGATION), "bind"]),
  ...["tmpcopyup", "idmap", "ridmap"],
  ...IGNORED,
];

/** Sorts options; what is none of the above is the filesystem's. */
export function sortMountOptions(options: readonly string[] = []): MountOptions {
  const sorted: MountOptions = {
    bind: "none",
    set: 0,
    clear: 0,
    recursiveSet: 0,
    recursiveClear: 0,
    propagation: [],
    data: [],
    copyUp: false,
    idMapped: "none",
  };
  for (const option of options) {
    const recursive = option.startsWith("r") && (option.slice(1) in ATTRIBUTES || option.slice(1) in PROPAGATION);
    const change = ATTRIBUTES[option] ?? (recursive ? ATTRIBUTES[option.slice(1)] : undefined);
    const propagation = PROPAGATION[recursive ? option.slice(1) : option];
    if (change !== undefined && !(option in ATTRIBUTES)) {
      sorted.recursiveSet = (sorted.recursiveSet & ~change[1]) | change[0];
      sorted.recursiveClear = (sorted.recursiveClear & ~change[0]) | change[1];
    } else if (change !== undefined) {
      sorted.set = (sorted.set & ~change[1]) | change[0];
      sorted.clear = (sorted.clear & ~(change[0] & ~MOUNT_ATTR_ATIME_MASK)) | change[1];
    } else if (propagation !== undefined) sorted.propagation.push({ flag: propagation, recursive });
    else if (option === "bind") sorted.bind = "single";
    else if (option === "rbind") sorted.bind = "recursive";
    else if (option === "tmpcopyup") sorted.copyUp = true;
    else if (option === "idmap") sorted.idMapped = "single";
    else if (option === "ridmap") sorted.idMapped = "recursive";
    else if (!IGNORED.has(option)) sorted.data.push(option);
  }
  return sorted;
}
