/** From what was asked and what the image says to the configuration of a container. */
import { AtomicError } from "../../errors.ts";
import { capabilityNames, DEFAULT_CAPABILITIES, type HostCapabilities } from "../limits/capabilities.ts";
import { CONSOLE_RULE, DEFAULT_DEVICE_RULES } from "../limits/device-rules.ts";
import { maskedPaths, READONLY_PATHS } from "../limits/hidden-paths.ts";
import { checkSysctls } from "../limits/sysctls.ts";
import { defaultSeccomp } from "../seccomp/default-profile.ts";
import type { IdMaps } from "../ids/id-maps.ts";
import type { RuntimeConfig } from "../spec/config.ts";
import type { Device, Namespace, NamespaceType } from "../spec/linux.ts";
import type { Resources } from "../spec/resources.ts";
import type { Seccomp } from "../spec/seccomp.ts";
import { containerMounts, type OwnFile } from "./mounts.ts";
import type { NamespaceMode, SharedNamespace } from "./namespace-mode.ts";
import type { RunOptions } from "./run-options.ts";
import type { SelinuxLabels } from "./selinux-labels.ts";
import { type ReadRootFile, resolveUser } from "./user.ts";

/** How an image wants to be run. */
export interface ImageDefaults {
  user?: string;
  env: readonly string[];
  entrypoint: readonly string[];
  cmd: readonly string[];
  workingDir?: string;
}

/** What there is on this host. */
export interface HostFacts {
  machine: "x64" | "arm64";
  capabilities: HostCapabilities;
  /** Names in /sys/devices/system/cpu. */
  cpuNames: readonly string[];
  /** Whether the number of processes can be limited. */
  canLimitPids: boolean;
  /** Of the user namespace of an ordinary user. */
  userIds?: IdMaps;
  /** The caller's environment, for `-e KEY`. */
  environment: Readonly<Record<string, string | undefined>>;
  /** The device nodes at a path of the host. @throws AtomicError not-found */
  devices: (path: string) => Device[];
}

export interface ConfigureRequest {
  options: RunOptions;
  image: ImageDefaults;
  /** Words after the image. */
  command: readonly string[];
  id: string;
  rootfs: string;
  host: HostFacts;
  readFile: ReadRootFile;
  /** The path of another container's namespace. @throws AtomicError not-found, conflict */
  namespacePath: (container: string, type: NamespaceType) => string;
  /** Files of the host that are mounted as the container's own. */
  files: readonly OwnFile[];
  /** Of its user namespace, if it has one of its own. */
  idMaps?: IdMaps;
  /** On a host with SELinux. */
  labels?: SelinuxLabels;
  /** A profile read from the file `--security-opt seccomp=FILE` names. */
  seccomp?: Seccomp;
}

const PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const DEFAULT_PIDS = 2048;
const OCI_VERSION = "1.2.1";

/** @throws AtomicError invalid, not-found, usage: for what contradicts the image or this host */
export function configure(request: ConfigureRequest): RuntimeConfig {
  const { options, image, host, id, rootfs, idMaps } = request;
  const { privileged, namespaces, security, terminal } = options;
  const user = resolveUser(options.user ?? image.user, options.groupAdd, request.readFile);
  const names = grantedCapabilities(options, host);
  // Only root's program starts with them; another user's may gain them by what it executes.
  const held = user.uid === 0 ? names : [];
  const hostname = options.hostname ?? id.slice(0, 12);
  const ownUts = namespaces.uts.kind === "private";
  const seccomp = seccompOf(request, names);
  const own = new Set(namespacesOf(request).map(({ type }) => type));
  checkSysctls(options.sysctl, own);
  const groupRange = ["private", "network", "pasta"].includes(namespaces.network.kind)
    ? { "net.ipv4.ping_group_range": "0 0" }
    : {};
  return {
    ociVersion: OCI_VERSION,
    root: { path: rootfs, readonly: options.readOnly },
    process: {
      terminal,
      user: { uid: user.uid, gid: user.gid, additionalGids: user.additionalGids },
      args: programOf(request),
      env: environmentOf(request, user.home, hostname),
      cwd: options.workdir ?? image.workingDir ?? "/",
      capabilities: { bounding: names, effective: held, permitted: held, inheritable: [], ambient: [] },
      noNewPrivileges: security.noNewPrivileges,
      rlimits: options.ulimits,
      ...(options.oomScoreAdj === undefined ? {} : { oomScoreAdj: options.oomScoreAdj }),
      ...(security.apparmor === undefined || security.apparmor === "unconfined"
        ? {}
        : { apparmorProfile: security.apparmor }),
      ...(request.labels === undefined ? {} : { selinuxLabel: request.labels.process }),
    },
    ...(ownUts ? { hostname } : {}),
    mounts: containerMounts(options, request.files, idMaps ?? host.userIds),
    annotations: options.labels,
    linux: {
      namespaces: namespacesOf(request),
      ...(idMaps === undefined ? {} : { uidMappings: [...idMaps.uid], gidMappings: [...idMaps.gid] }),
      devices: devicesOf(options, host),
      resources: resourcesOf(options, host),
      sysctl: { ...groupRange, ...options.sysctl },
      maskedPaths: privileged || security.unmask ? security.mask : [...maskedPaths(host.cpuNames), ...security.mask],
      readonlyPaths: privileged || security.unmask ? [] : [...READONLY_PATHS],
      ...(seccomp === undefined ? {} : { seccomp }),
      ...(request.labels?.mount === undefined ? {} : { mountLabel: request.labels.mount }),
    },
  };
}

function grantedCapabilities({ privileged, capAdd, capDrop }: RunOptions, { capabilities }: HostFacts): string[] {
  const available = new Set(capabilityNames(capabilities.bounding));
  const start = privileged ? [...available] : DEFAULT_CAPABILITIES;
  const kept = new Set(start.filter((name) => !capDrop.includes(name)));
  for (const name of capAdd) kept.add(name);
  return [...kept].filter((name) => available.has(name));
}

function seccompOf({ options, host, seccomp }: ConfigureRequest, capabilities: readonly string[]): Seccomp | undefined {
  if (seccomp !== undefined) return seccomp;
  if (options.privileged || options.security.seccomp === "unconfined") return undefined;
  return defaultSeccomp(new Set(capabilities), host.machine);
}

/** The container's program and its arguments; empty when nobody names one. */
export function programWords(
  { entrypoint }: Pick<RunOptions, "entrypoint">,
  image: ImageDefaults,
  command: readonly string[],
): string[] {
  const first = entrypoint === undefined ? image.entrypoint : entrypoint === "" ? [] : [entrypoint];
  // An entrypoint of the operator's own makes the image's command meaningless.
  return [...first, ...(command.length > 0 || entrypoint !== undefined ? command : image.cmd)];
}

function programOf({ options, image, command }: ConfigureRequest): string[] {
  const args = programWords(options, image, command);
  if (args[0] === undefined || args[0] === "") {
    throw new AtomicError("usage", "running a container: the image names no program", {
      hint: "atomic run IMAGE PROGRAM",
    });
  }
  return args;
}

/** Built from nothing: what the caller has in its environment is not the container's business. */
function environmentOf({ options, image, host }: ConfigureRequest, home: string, hostname: string): string[] {
  const all = new Map<string, string>();
  const set = (text: string) => all.set(text.split("=", 1)[0]!, text);
  set(PATH);
  if (options.terminal) set("TERM=xterm");
  set("container=oci");
  set(`HOME=${home}`);
  set(`HOSTNAME=${hostname}`);
  for (const text of image.env) if (/^[^=]+=/.test(text)) set(text);
  for (const text of options.env) {
    if (text.includes("=")) set(text);
    else if (host.environment[text] !== undefined) set(`${text}=${host.environment[text]}`);
  }
  return [...all.values()];
}

function namespacesOf({ options, namespacePath, idMaps }: ConfigureRequest): Namespace[] {
  const shared: SharedNamespace[] = ["network", "pid", "ipc", "uts", "cgroup"];
  const namespace = (type: SharedNamespace, mode: NamespaceMode): Namespace[] => {
    if (mode.kind === "host") return [];
    if (mode.kind === "private" || mode.kind === "network" || mode.kind === "pasta") return [{ type }];
    return [{ type, path: mode.kind === "path" ? mode.path : namespacePath(mode.name, type) }];
  };
  return [
    { type: "mount" },
    ...(idMaps === undefined ? [] : [{ type: "user" as const }]),
    ...shared.flatMap((type) => namespace(type, options.namespaces[type])),
  ];
}

function devicesOf({ privileged, devices }: RunOptions, host: HostFacts): Device[] {
  const asked = devices.flatMap(({ path, target }) =>
    host.devices(path).map((device) => ({ ...device, path: target + device.path.slice(path.length) })),
  );
  return privileged ? [...host.devices("/dev"), ...asked] : asked;
}

function resourcesOf({ privileged, resources, devices, terminal }: RunOptions, host: HostFacts): Resources {
  const rules = privileged
    ? [{ allow: true, access: "rwm" }]
    : [
        ...DEFAULT_DEVICE_RULES,
        ...(terminal ? [CONSOLE_RULE] : []),
        ...devices.flatMap(({ path, access }) =>
          host.devices(path).map(({ type, major = 0, minor = 0 }) => ({
            allow: true,
            type: type === "b" ? ("b" as const) : ("c" as const),
            major,
            minor,
            access,
          })),
        ),
      ];
  const pids = resources.pids ?? (host.canLimitPids ? { limit: DEFAULT_PIDS } : undefined);
  return { ...resources, devices: rules, ...(pids === undefined ? {} : { pids }) };
}
