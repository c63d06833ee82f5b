/** A network for a container of an ordinary user: `pasta` carries what it sends over sockets of the user. Spec: pasta(1) */
import { accessSync, constants as files, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, join } from "node:path";
import { isKernelError, MNT_DETACH, mount, MS_BIND, umount } from "../../linux/index.ts";
import { run } from "../../spawn.ts";
import { identify, type ProcessIdentity, signalProcess } from "../runtime/process-identity.ts";
import type { PortRequest } from "./network.ts";

const PROGRAM = "pasta";
const RECORD = "pasta.json";
/** Where the container's network namespace is mounted meanwhile. */
const NAMESPACE = "netns";
const NONE = ["--tcp-ns", "none", "--udp-ns", "none"];

/** Whether users can have networks here. */
export function hasPasta(): boolean {
  return (process.env["PATH"] ?? "").split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, PROGRAM), files.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

interface PastaRequest {
  /** The container's bundle, which keeps who carries its packets. */
  bundle: string;
  /** A process in the container's network namespace. */
  pid: number;
  ports: readonly PortRequest[];
}

/** Starts what carries a container's packets. @throws AtomicError not-found (`pasta`), child-failed (a port is taken) */
export function connectPasta({ bundle, pid, ports }: PastaRequest): void {
  const pidFile = join(bundle, "pasta.pid");
  const forwards = (["tcp", "udp"] as const).flatMap((protocol) => {
    const all = ports.filter((port) => port.protocol === protocol).map(portArgument);
    return (all.length === 0 ? ["none"] : all).flatMap((one) => [`--${protocol}-ports`, one]);
  });
  // The gateway's address would lead to what listens on the host's loopback.
  const options = ["--quiet", "--config-net", "--no-map-gw", "--pid", pidFile, ...forwards, ...NONE];
  // By its name in /proc only those may open it who may do all that the process may, and pasta gives that up first.
  const namespace = join(bundle, NAMESPACE);
  writeFileSync(namespace, "");
  mount({ source: `/proc/${pid}/ns/net`, target: namespace, flags: MS_BIND });
  run([PROGRAM, ...options, "--netns", namespace], { package: "passt" });
  const process = identify(Number(readFileSync(pidFile, "utf8")));
  rmSync(pidFile);
  if (process !== undefined) writeFileSync(join(bundle, RECORD), JSON.stringify(process), { mode: 0o600 });
}

/** Ends what carries the packets of a container; nothing is fine. */
export function disconnectPasta(bundle: string): void {
  const [path, namespace] = [join(bundle, RECORD), join(bundle, NAMESPACE)];
  if (existsSync(namespace)) {
    try {
      umount(namespace, MNT_DETACH);
    } catch (error) {
      if (!isKernelError(error, "EINVAL")) throw error; // it went with the user's mounts
    }
    rmSync(namespace);
  }
  try {
    signalProcess(JSON.parse(readFileSync(path, "utf8")) as ProcessIdentity, constants.signals.SIGTERM);
    rmSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

/** `[ADDRESS/]HOST:CONTAINER`; without a port of the host, the same. */
function portArgument({ hostAddress, hostPort, containerPort }: PortRequest): string {
  return `${hostAddress === undefined ? "" : `${hostAddress}/`}${hostPort ?? containerPort}:${containerPort}`;
}
