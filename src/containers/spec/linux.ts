/** The `linux` part of a configuration. */
import {
  absolutePath,
  choice,
  id,
  int64,
  integer,
  list,
  map,
  name,
  object,
  type Read,
  refused,
  text,
  uint32,
  unsupported,
} from "./reader.ts";
import { type Resources, resources } from "./resources.ts";
import { type Seccomp, seccomp } from "./seccomp.ts";

/** https://github.com/opencontainers/runtime-spec/blob/v1.2.1/config-linux.md */
export interface LinuxConfig {
  namespaces?: Namespace[];
  uidMappings?: IdMapping[];
  gidMappings?: IdMapping[];
  timeOffsets?: Partial<Record<"monotonic" | "boottime", { secs?: number; nanosecs?: number }>>;
  devices?: Device[];
  /** Network devices of the host to move in, by name, with their new names. */
  netDevices?: Record<string, { name?: string }>;
  cgroupsPath?: string;
  resources?: Resources;
  rootfsPropagation?: (typeof PROPAGATIONS)[number];
  seccomp?: Seccomp;
  sysctl?: Record<string, string>;
  maskedPaths?: string[];
  readonlyPaths?: string[];
  mountLabel?: string;
  personality?: { domain: "LINUX" | "LINUX32"; flags?: string[] };
  intelRdt?: never;
  memoryPolicy?: never;
}
export interface Namespace {
  type: NamespaceType;
  /** A namespace that exists; without it a new one. */
  path?: string;
}
export const NAMESPACE_TYPES = ["pid", "network", "mount", "ipc", "uts", "user", "cgroup", "time"] as const;
export type NamespaceType = (typeof NAMESPACE_TYPES)[number];
export interface IdMapping {
  containerID: number;
  hostID: number;
  size: number;
}
/** A node to make below the container's `/dev`. */
export interface Device {
  type: "c" | "b" | "u" | "p";
  path: string;
  /** Missing for a pipe. */
  major?: number;
  minor?: number;
  fileMode?: number;
  uid?: number;
  gid?: number;
}

const PROPAGATIONS = [
  "shared",
  "rshared",
  "slave",
  "rslave",
  "private",
  "rprivate",
  "unbindable",
  "runbindable",
] as const;
/** The kernel's limit on lines of an ID map. */
const MAX_ID_MAPPINGS = 340;

const offset = object<{ secs?: number; nanosecs?: number }>({}, { secs: int64, nanosecs: integer(0, 999_999_999) });

const mapping = object<IdMapping>({ containerID: id, hostID: id, size: integer(1, 0xffff_ffff) }, {});

/** An ID map that the kernel would take. */
export const idMappings: Read<IdMapping[]> = (value, at) => {
  const found = list(mapping)(value, at);
  if (found.length > MAX_ID_MAPPINGS) throw refused(at, `expected at most ${MAX_ID_MAPPINGS}, found ${found.length}`);
  for (const side of ["containerID", "hostID"] as const) {
    const sorted = [...found].sort((a, b) => a[side] - b[side]);
    for (const [index, one] of sorted.entries()) {
      const end = one[side] + one.size;
      if (end > 0xffff_ffff) throw refused(at, `${side} ${one[side]} with ${one.size} IDs goes beyond the last ID`);
      const next = sorted[index + 1];
      if (next !== undefined && next[side] < end) throw refused(at, `${side} ${next[side]} is mapped twice`);
    }
  }
  return found;
};

const device = object<Device>(
  { type: choice(["c", "b", "u", "p"]), path: absolutePath },
  { major: uint32, minor: uint32, fileMode: integer(0, 0o7777), uid: id, gid: id },
);

const namespaces: Read<Namespace[]> = (value, at) => {
  const found = list(object<Namespace>({ type: choice(NAMESPACE_TYPES) }, { path: emptyOrAbsolute }))(value, at);
  const types = new Set<string>();
  for (const [index, { type }] of found.entries()) {
    if (types.has(type)) throw refused(`${at}[${index}]`, `namespace ${type} is there twice`);
    types.add(type);
  }
  // Go programs write a missing path as "".
  return found.map(({ type, path }) => (path === undefined || path === "" ? { type } : { type, path }));
};

export const linux: Read<LinuxConfig> = object<LinuxConfig>(
  {},
  {
    namespaces,
    uidMappings: idMappings,
    gidMappings: idMappings,
    timeOffsets: object<NonNullable<LinuxConfig["timeOffsets"]>>({}, { monotonic: offset, boottime: offset }),
    devices: list(device),
    netDevices: map(object<{ name?: string }>({}, { name })),
    cgroupsPath: text,
    resources,
    rootfsPropagation: emptyIsPrivate(choice(PROPAGATIONS)),
    seccomp,
    sysctl: map(text),
    maskedPaths: list(absolutePath),
    readonlyPaths: list(absolutePath),
    mountLabel: text,
    personality: object<NonNullable<LinuxConfig["personality"]>>(
      { domain: choice(["LINUX", "LINUX32"]) },
      { flags: list(text) },
    ),
    intelRdt: unsupported,
    memoryPolicy: unsupported,
  },
);

function emptyOrAbsolute(value: unknown, at: string): string {
  return value === "" ? "" : absolutePath(value, at);
}

function emptyIsPrivate<T>(read: Read<T>): Read<T> {
  return (value, at) => read(value === "" ? "rprivate" : value, at);
}
