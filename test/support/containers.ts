/** Containers to start in tests: a plain configuration on a busybox root, changed as a test needs. */
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { compileLaunch } from "../../src/containers/launch/compile.ts";
import type { LaunchRequest } from "../../src/containers/launch/request.ts";
import { startLaunch } from "../../src/containers/launch/start.ts";
import type { Mount, RuntimeConfig } from "../../src/containers/spec/config.ts";
import type { LinuxConfig, NamespaceType } from "../../src/containers/spec/linux.ts";
import type { Process } from "../../src/containers/spec/process.ts";
import type { AtomicError } from "../../src/errors.ts";
import { BUSYBOX, busyboxRoot } from "./busybox.ts";
import { unmet } from "./needs.ts";
import { tempDir } from "./temp.ts";

/** Why no container can be started here. */
export function containersUnmet(): string | undefined {
  return unmet({ mounts: true, files: [BUSYBOX] });
}

const NAMESPACES: readonly NamespaceType[] = ["mount", "pid", "network", "uts", "ipc", "cgroup"];
const SAFE = ["nosuid", "noexec", "nodev"];
const MOUNTS: readonly Mount[] = [
  { destination: "/proc", type: "proc", source: "proc", options: SAFE },
  {
    destination: "/dev",
    type: "tmpfs",
    source: "tmpfs",
    options: ["nosuid", "strictatime", "mode=755", "size=65536k"],
  },
  {
    destination: "/dev/pts",
    type: "devpts",
    source: "devpts",
    options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
  },
  { destination: "/dev/shm", type: "tmpfs", source: "shm", options: [...SAFE, "mode=1777", "size=65536k"] },
  { destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: SAFE },
  { destination: "/sys", type: "sysfs", source: "sysfs", options: [...SAFE, "ro"] },
];
/** CAP_CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, SETGID, SETUID, SETPCAP, NET_BIND_SERVICE, SYS_CHROOT, SETFCAP */
export const DEFAULT_CAPABILITIES = 0x800405fbn;

export interface Changes {
  args?: string[];
  rootfs?: string;
  process?: Partial<Process>;
  linux?: Partial<LinuxConfig>;
  config?: Partial<RuntimeConfig>;
  /** Beside the usual ones. */
  mounts?: Mount[];
  request?: Partial<LaunchRequest>;
}

/** A request for a container with all namespaces but user and time. */
export function launchRequest(changes: Changes): LaunchRequest {
  const { args = ["true"], rootfs = busyboxRoot(), mounts = [] } = changes;
  const capabilities = DEFAULT_CAPABILITIES;
  return {
    config: {
      ociVersion: "1.2.0",
      hostname: "box",
      mounts: [...MOUNTS, ...mounts],
      process: { user: { uid: 0, gid: 0 }, cwd: "/", args, env: ["PATH=/bin"], ...changes.process },
      linux: { namespaces: NAMESPACES.map((type) => ({ type })), ...changes.linux },
      ...changes.config,
    },
    rootfs,
    capabilities: {
      bounding: capabilities,
      effective: capabilities,
      permitted: capabilities,
      inheritable: 0n,
      ambient: 0n,
    },
    lastCapability: Number(readFileSync("/proc/sys/kernel/cap_last_cap", "utf8")),
    rlimits: [],
    cgroups: [],
    preservedFds: 0,
    ...changes.request,
  };
}

export interface Ran {
  failure: AtomicError | undefined;
  status: number;
  stdout: string;
  stderr: string;
}

/** Runs a container to its end. */
export async function runContainer(changes: Changes): Promise<Ran> {
  const directory = tempDir();
  const monitor = { directory, detached: false, log: false, maxLog: 0 };
  const program = compileLaunch(launchRequest({ ...changes, request: { monitor, ...changes.request } }));
  const [input, stdout, stderr] = [
    openSync("/dev/null", "r"),
    openSync(join(directory, "stdout"), "w"),
    openSync(join(directory, "stderr"), "w"),
  ];
  const { failure, ended } = startLaunch(program, [input, stdout, stderr]);
  const status = await ended;
  for (const fd of [input, stdout, stderr]) closeSync(fd);
  const content = (name: string) => readFileSync(join(directory, name), "utf8");
  return { failure, status, stdout: content("stdout"), stderr: content("stderr") };
}
