/** A container's place on its network: its address, names and published ports, from its start to its end. */
import { AtomicError, isAtomicError } from "../../errors.ts";
import { connectContainer, disconnectContainer, reloadNetworks } from "../network/connect.ts";
import type { Lease } from "../network/network.ts";
import { connectPasta, disconnectPasta } from "../network/pasta.ts";
import { hostsPath, makeHosts, readNetworks } from "../network/network-store.ts";
import { parseContainerId } from "../runtime/container-id.ts";
import { isAlive } from "../runtime/process-identity.ts";
import { readRecord } from "../runtime/record.ts";
import { hostLines, hostnameOf } from "./names.ts";
import { bundleDirectory, type Engine, runtimeState } from "./place.ts";
import type { NamedContainer } from "./record.ts";

/** Makes the file that will be the container's /etc/hosts, and returns its path. @throws AtomicError not-found, locked */
export async function prepareHosts(engine: Engine, container: NamedContainer, network: string): Promise<string> {
  const own = container.options.hosts.length === 0 ? undefined : container.id;
  await makeHosts(engine.networks, network, own);
  return hostsPath(engine.networks, network, own);
}

/** Connects a container whose process waits to be started. @throws AtomicError as `connectContainer`, `connectPasta` */
export async function connectNamed(engine: Engine, container: NamedContainer, pid: number): Promise<void> {
  const { id, name, options } = container;
  const { network } = options.namespaces;
  if (network.kind !== "network" && network.kind !== "pasta") return;
  const hosts = hostLines(container);
  try {
    if (network.kind === "pasta") {
      connectPasta({ bundle: bundleDirectory(engine, id), pid, ports: options.publish });
      return;
    }
    await connectContainer(engine.networks, {
      network: network.name,
      container: id,
      names: [...new Set([name, hostnameOf(container), ...options.aliases])],
      ports: options.publish,
      ...(hosts.length === 0 ? {} : { hosts }),
      pid,
    });
  } catch (cause) {
    if (!isAtomicError(cause)) throw cause;
    const called = network.kind === "pasta" ? "the network" : `network ${network.name}`;
    const message = `connecting container ${name} to ${called}: ${cause.message}`;
    throw new AtomicError(cause.code, message, { hint: cause.hint ?? "atomic run --network=none IMAGE", cause });
  }
}

/** Gives back what the container has of its network, whether it ended, crashed or was never connected. */
export async function disconnectNamed(engine: Engine, { id, options }: NamedContainer): Promise<void> {
  const { kind } = options.namespaces.network;
  if (kind === "pasta") disconnectPasta(bundleDirectory(engine, id));
  if (kind === "network") await disconnectContainer(engine.networks, id);
}

/** The container's place on its network; undefined while it is on none. */
export function leaseOf(engine: Engine, { id, options }: NamedContainer): Lease | undefined {
  if (options.namespaces.network.kind !== "network") return undefined;
  return readNetworks(engine.networks)
    .flatMap(({ leases }) => leases)
    .find(({ container }) => container === id);
}

/** Restores bridges and firewall, and gives up what ended containers have. @returns how many are connected */
export async function reloadNamed(engine: Engine): Promise<number> {
  return reloadNetworks(engine.networks, (id) => {
    try {
      return isAlive(readRecord(runtimeState(engine), parseContainerId(id)).process);
    } catch (error) {
      if (isAtomicError(error, "not-found")) return false;
      throw error;
    }
  });
}
