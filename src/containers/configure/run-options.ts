/** What was asked of `run`, understood: every value checked, nothing of this host looked at. */
import { AtomicError } from "../../errors.ts";
import { capabilityArgument } from "../limits/capabilities.ts";
import { type Rlimit, RLIMIT_TYPES, type RlimitType } from "../spec/process.ts";
import type { Resources } from "../spec/resources.ts";
import type { PortRequest } from "../network/network.ts";
import { type DeviceOption, parseDevice } from "./device-option.ts";
import type { RawRunFlags } from "./run-flags.ts";
import { type NamespaceMode, namespaceMode, type SharedNamespace } from "./namespace-mode.ts";
import { networkMode, parseAlias, parsePublish, parseSearch, parseServer } from "./network-options.ts";
import type { NameServers } from "./resolv-conf.ts";
import { parseSecurity, type SecurityOptions } from "./security-options.ts";
import { parseRestart, type RestartPolicy } from "./restart-policy.ts";
import { parseSize, parseWhole } from "./quantities.ts";
import { type UserNamespaceMode, userNamespaceMode } from "./user-namespace.ts";
import { parseMount, parseTmpfs, parseVolume, type Volume } from "./volumes.ts";

export interface RunOptions {
  interactive: boolean;
  terminal: boolean;
  detach: boolean;
  remove: boolean;
  /** It is a unit of systemd. */
  unit?: true;
  readOnly: boolean;
  privileged: boolean;
  name?: string;
  /** `KEY=VALUE`, or `KEY` for the caller's own value. */
  env: string[];
  volumes: Volume[];
  resources: Resources;
  namespaces: Record<SharedNamespace, NamespaceMode>;
  userNamespace: UserNamespaceMode;
  /** `CAP_…`; added after dropping. */
  capAdd: string[];
  capDrop: string[];
  security: SecurityOptions;
  user?: string;
  groupAdd: string[];
  workdir?: string;
  entrypoint?: string;
  devices: DeviceOption[];
  hostname?: string;
  stopSignal?: string;
  /** Bytes of /dev/shm. */
  shmSize: number;
  ulimits: Rlimit[];
  sysctl: Record<string, string>;
  /** A first process of ours. */
  init: boolean;
  restart: RestartPolicy;
  publish: PortRequest[];
  /** Names on its network beside its own. */
  aliases: string[];
  dns: NameServers;
  /** Lines of /etc/hosts. */
  hosts: { name: string; address: string }[];
  oomScoreAdj?: number;
  labels: Record<string, string>;
}

const DEFAULT_SHM = 64 << 20;
const CPU_PERIOD = 100_000;
/** The kernel's least quota is 1 ms of a period. */
const MIN_CPUS = 0.01;
const MAX_CPUS = 4096;
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;

/** Checks the options. @throws AtomicError usage, unsupported, naming the option */
export function runOptions(flags: RawRunFlags): RunOptions {
  const { name, user, workdir, entrypoint, hostname } = flags;
  if (name !== undefined) checkContainerName(name);
  if (workdir !== undefined && !workdir.startsWith("/")) throw bad("--workdir", workdir, "an absolute path");
  if (hostname !== undefined && !/^[A-Za-z0-9][A-Za-z0-9.-]{0,62}$/.test(hostname)) {
    throw bad("--hostname", hostname, "at most 63 letters, digits, dots and dashes");
  }
  const stopSignal = flags["stop-signal"];
  const oomScore = flags["oom-score-adj"];
  return {
    interactive: flags.interactive ?? false,
    terminal: flags.tty ?? false,
    detach: flags.detach ?? false,
    remove: flags.rm ?? false,
    ...(isUnit(flags) ? { unit: true } : {}),
    readOnly: flags["read-only"] ?? false,
    privileged: flags.privileged ?? false,
    ...(name === undefined ? {} : { name }),
    env: (flags.env ?? []).map(checkVariable),
    volumes: [
      ...(flags.volume ?? []).map(parseVolume),
      ...(flags.mount ?? []).map(parseMount),
      ...(flags.tmpfs ?? []).map(parseTmpfs),
    ],
    resources: resourcesOf(flags),
    namespaces: {
      network: networkMode(flags.network),
      pid: namespaceMode("--pid", flags.pid, true),
      ipc: namespaceMode("--ipc", flags.ipc, true),
      uts: namespaceMode("--uts", flags.uts, false),
      cgroup: namespaceMode("--cgroupns", flags.cgroupns, false),
    },
    userNamespace: userNamespaceMode(flags),
    capAdd: (flags["cap-add"] ?? []).flatMap(capabilityArgument),
    capDrop: (flags["cap-drop"] ?? []).flatMap(capabilityArgument),
    security: parseSecurity(flags["security-opt"] ?? []),
    ...(user === undefined || user === "" ? {} : { user }),
    groupAdd: flags["group-add"] ?? [],
    ...(workdir === undefined ? {} : { workdir }),
    ...(entrypoint === undefined ? {} : { entrypoint }),
    devices: (flags.device ?? []).map(parseDevice),
    ...(hostname === undefined ? {} : { hostname }),
    ...(stopSignal === undefined ? {} : { stopSignal }),
    shmSize: flags["shm-size"] === undefined ? DEFAULT_SHM : parseSize("--shm-size", flags["shm-size"]),
    ulimits: (flags.ulimit ?? []).map(parseUlimit),
    sysctl: Object.fromEntries((flags.sysctl ?? []).map((text) => pair("--sysctl", text))),
    init: ownInit(flags),
    restart: restartPolicy(flags),
    publish: publishedPorts(flags),
    aliases: (flags["network-alias"] ?? []).map(parseAlias),
    dns: { servers: (flags.dns ?? []).map(parseServer), search: (flags["dns-search"] ?? []).map(parseSearch) },
    hosts: (flags["add-host"] ?? []).map(parseHost),
    ...(oomScore === undefined ? {} : { oomScoreAdj: parseWhole("--oom-score-adj", oomScore, -1000, 1000) }),
    labels: Object.fromEntries(
      (flags.label ?? []).map((text) => (text.includes("=") ? pair("--label", text) : [text, ""])),
    ),
  };
}

/** @throws AtomicError usage for what is no name of a container */
export function checkContainerName(name: string): string {
  if (!NAME.test(name)) throw bad("the container's name", name, "letters, digits, and _ . - inside");
  return name;
}

function resourcesOf(flags: RawRunFlags): Resources {
  const { memory, cpus, "memory-swap": swap, "memory-reservation": reservation } = flags;
  const { "cpu-shares": shares, "cpuset-cpus": cpuset, "pids-limit": pids } = flags;
  const limits = {
    ...(memory === undefined ? {} : { limit: parseSize("--memory", memory) }),
    ...(swap === undefined ? {} : { swap: swap === "-1" ? -1 : parseSize("--memory-swap", swap) }),
    ...(reservation === undefined ? {} : { reservation: parseSize("--memory-reservation", reservation) }),
  };
  if ("swap" in limits && !("limit" in limits)) {
    throw new AtomicError("usage", "reading --memory-swap: it needs --memory", { hint: "atomic run --help" });
  }
  const time = {
    ...(cpus === undefined ? {} : { quota: Math.round(parseCpus(cpus) * CPU_PERIOD), period: CPU_PERIOD }),
    ...(shares === undefined ? {} : { shares: parseWhole("--cpu-shares", shares, 0, 262_144) }),
    ...(cpuset === undefined ? {} : { cpus: checkCpuset(cpuset) }),
  };
  return {
    ...(Object.keys(limits).length === 0 ? {} : { memory: limits }),
    ...(Object.keys(time).length === 0 ? {} : { cpu: time }),
    ...(pids === undefined ? {} : { pids: { limit: parseWhole("--pids-limit", pids, -1, 4_194_304) } }),
  };
}

function ownInit({ init = false, pid = "private" }: RawRunFlags): boolean {
  if (!init || pid === "private" || pid === "") return init;
  throw new AtomicError("usage", `running with --init and --pid=${pid}: there is a first process already`, {
    hint: "atomic run --init IMAGE",
  });
}

function isUnit({ unit = false, detach = false, tty = false, interactive = false }: RawRunFlags): boolean {
  const why = !detach ? "you wait for its end" : tty || interactive ? "nobody is there to type" : undefined;
  if (!unit || why === undefined) return unit;
  throw new AtomicError("usage", `running with --unit: ${why}`, { hint: "atomic run --detach --unit IMAGE" });
}

function restartPolicy({ restart = "no", rm, detach }: RawRunFlags): RestartPolicy {
  const policy = parseRestart(restart);
  if (policy.when === "no") return policy;
  const why = rm === true ? "it is removed at its end" : detach === true ? undefined : "you wait for its end";
  if (why === undefined) return policy;
  throw new AtomicError("usage", `running with --restart=${restart}: ${why}`, {
    hint: `atomic run --detach --restart=${restart} IMAGE`,
  });
}

function publishedPorts({ publish = [], network }: RawRunFlags): PortRequest[] {
  const ports = publish.flatMap(parsePublish);
  if (ports.length === 0 || ["network", "pasta"].includes(networkMode(network).kind)) return ports;
  throw new AtomicError("usage", `publishing ports with --network=${network}: it needs a network of containers`, {
    hint: "atomic run --network=bridge IMAGE",
  });
}

function checkVariable(text: string): string {
  if (text === "" || text.startsWith("=") || text.includes("\0")) throw bad("--env", text, "KEY=VALUE or KEY");
  return text;
}

function parseCpus(text: string): number {
  const cpus = /^\d{1,4}([.]\d{1,6})?$/.test(text) ? Number(text) : Number.NaN;
  if (!(cpus >= MIN_CPUS && cpus <= MAX_CPUS)) throw bad("--cpus", text, `a number from ${MIN_CPUS} to ${MAX_CPUS}`);
  return cpus;
}

function checkCpuset(text: string): string {
  if (!/^\d{1,5}(-\d{1,5})?(,\d{1,5}(-\d{1,5})?)*$/.test(text))
    throw bad("--cpuset-cpus", text, "a list such as 0-3,7");
  return text;
}

/** `NAME=SOFT[:HARD]`; -1 or `unlimited` is no limit. */
function parseUlimit(text: string): Rlimit {
  const [name, values] = pair("--ulimit", text);
  const type = `RLIMIT_${name.toUpperCase()}` as RlimitType;
  if (!RLIMIT_TYPES.includes(type)) throw bad("--ulimit", text, "a limit such as nofile=1024:2048");
  const number = (value: string) =>
    value === "-1" || value === "unlimited" ? 2 ** 63 : parseWhole("--ulimit", value, 0, Number.MAX_SAFE_INTEGER);
  const [soft = "", hard = soft] = values.split(":");
  const limit = { type, soft: number(soft), hard: number(hard) };
  if (limit.soft > limit.hard) throw bad("--ulimit", text, "a soft limit not above the hard one");
  return limit;
}

function parseHost(text: string): { name: string; address: string } {
  const at = text.indexOf(":");
  const [name, address] = [text.slice(0, Math.max(at, 0)), text.slice(at + 1)];
  if (!/^[A-Za-z0-9][A-Za-z0-9.-]{0,253}$/.test(name) || !/^[0-9A-Fa-f:.]{2,45}$/.test(address)) {
    throw bad("--add-host", text, "NAME:ADDRESS");
  }
  return { name, address };
}

function pair(option: string, text: string): [string, string] {
  const at = text.indexOf("=");
  if (at < 1) throw bad(option, text, "NAME=VALUE");
  return [text.slice(0, at), text.slice(at + 1)];
}

function bad(option: string, found: string, expected: string): AtomicError {
  return new AtomicError("usage", `reading ${option}: expected ${expected}, found ${JSON.stringify(found)}`);
}
