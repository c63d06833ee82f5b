/** Connecting containers to networks. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { AtomicError, isAtomicError } from "../../errors.ts";
import { run } from "../../spawn.ts";
import { changePorts, wholeTable } from "./firewall.ts";
import { readListeners } from "./listeners.ts";
import { bridgeCommands, insideCommands, linkCommands, linkName } from "./links.ts";
import type { Lease, Network, PortRequest, PublishedPort } from "./network.ts";
import {
  forgetLease,
  type NetworkStore,
  readNetwork,
  readNetworks,
  withNetworkLock,
  writeLeases,
} from "./network-store.ts";
import { assignPorts } from "./ports.ts";
import { formatSubnet, nextAddress } from "./subnet.ts";

export interface ConnectRequest {
  network: string;
  /** Id of the container. */
  container: string;
  /** What other containers of the network call it. */
  names: string[];
  ports: readonly PortRequest[];
  /** Lines for its own `/etc/hosts`. */
  hosts?: string[];
  /** A process in the container's network namespace. */
  pid: number;
}

/**
 * Gives a container an address on a network, a link to its bridge, and its published ports.
 * @throws AtomicError not-found (network, `ip`, `nft`), conflict (a port is taken, the network is full), child-failed;
 *   the container is not connected then
 */
export async function connectContainer(store: NetworkStore, request: ConnectRequest): Promise<Lease> {
  return withNetworkLock(store, () => {
    const networks = readNetworks(store);
    const network = readNetwork(store, request.network);
    const ports = assignPorts(
      request.ports,
      networks.flatMap(({ leases }) => leases),
      request.ports.length === 0 ? [] : readListeners(),
    );
    const lease = newLease(network, request, ports);
    const joined = { ...network, leases: [...network.leases, lease], last: lease.address };
    // What is recorded can be taken back, also by another run after this one was killed.
    writeLeases(store, joined);
    try {
      ensureBridge(network);
      ip(linkCommands(network, lease, request.pid));
      run(["nsenter", `--net=/proc/${request.pid}/ns/net`, "ip", "-batch", "-"], {
        input: insideCommands(network, lease),
        package: "util-linux",
      });
      openPorts(store, lease);
    } catch (error) {
      takeBack(store, joined, lease);
      throw error;
    }
    return lease;
  });
}

/** Takes a container off every network; one that is on none is fine. @throws AtomicError child-failed, locked */
export async function disconnectContainer(store: NetworkStore, container: string): Promise<void> {
  await withNetworkLock(store, () => {
    for (const network of readNetworks(store)) {
      for (const lease of network.leases.filter((other) => other.container === container)) {
        takeBack(store, network, lease);
      }
    }
  });
}

/** Gives a container another name on its networks. @throws AtomicError locked */
export async function renameLease(
  store: NetworkStore,
  container: string,
  { from, to }: { from: string; to: string },
): Promise<void> {
  await withNetworkLock(store, () => {
    for (const network of readNetworks(store)) {
      if (!network.leases.some((lease) => lease.container === container)) continue;
      const leases = network.leases.map((lease) =>
        lease.container === container
          ? { ...lease, names: lease.names.map((name) => (name === from ? to : name)) }
          : lease,
      );
      writeLeases(store, { ...network, leases });
    }
  });
}

/**
 * Makes bridges and the firewall's table as the networks want them, whatever others did to them, and gives up the
 * leases of containers that are gone.
 * @returns how many containers are connected
 * @throws AtomicError child-failed, locked
 */
export async function reloadNetworks(store: NetworkStore, isThere: (container: string) => boolean): Promise<number> {
  return withNetworkLock(store, () => {
    const networks = readNetworks(store);
    for (const network of networks) {
      for (const lease of network.leases.filter(({ container }) => !isThere(container))) {
        takeBack(store, readNetwork(store, network.name), lease);
      }
      if (network.leases.length > 0) ensureBridge(network);
    }
    nft(wholeTable(usedNetworks(store)));
    return readNetworks(store).reduce((sum, { leases }) => sum + leases.length, 0);
  });
}

function newLease(
  network: Network,
  { container, names, hosts }: Pick<ConnectRequest, "container" | "names" | "hosts">,
  ports: PublishedPort[],
): Lease {
  const address = nextAddress(network.subnet, new Set(network.leases.map((lease) => lease.address)), network.last);
  if (address === undefined) {
    throw new AtomicError("conflict", `connecting to network ${network.name}: all addresses are taken`, {
      hint: "atomic network create NAME --subnet ADDRESS/16",
    });
  }
  return { container, names, address, link: linkName(container), ports, ...(hosts === undefined ? {} : { hosts }) };
}

function takeBack(store: NetworkStore, network: Network, lease: Lease): void {
  const left = { ...network, leases: network.leases.filter(({ container }) => container !== lease.container) };
  if (isInterface(lease.link)) {
    try {
      ip(`link delete ${lease.link}\n`);
    } catch (error) {
      if (isInterface(lease.link)) throw error; // else it went with the container
    }
  }
  writeLeases(store, left);
  forgetLease(store, network.name, lease);
  closePorts(store, lease);
}

function ensureBridge(network: Network): void {
  const { bridge } = network;
  if (isInterface(bridge)) return;
  ip(bridgeCommands(network));
  sysctl("net/ipv4/ip_forward");
  sysctl(`net/ipv4/conf/${bridge}/route_localnet`); // published ports answer at 127.0.0.1 too
}

/** In this process's network namespace, whichever `/sys` shows. */
function isInterface(name: string): boolean {
  return existsSync(`/proc/sys/net/ipv4/conf/${name}`);
}

/** Sets a switch to 1. */
function sysctl(name: string): void {
  const path = `/proc/sys/${name}`;
  if (readFileSync(path, "utf8").trim() !== "1") writeFileSync(path, "1");
}

/** One transaction for the ports alone; where the table is not as it should be, the whole table. */
function openPorts(store: NetworkStore, lease: Lease): void {
  const script = `list set inet atomic subnets\n${changePorts("add", lease)}`;
  const known = usedNetworks(store).filter(({ leases }) =>
    leases.some(({ container }) => container === lease.container),
  );
  try {
    const listed = nft(script);
    if (known.every(({ subnet }) => listed.includes(formatSubnet(subnet)))) return;
  } catch (error) {
    if (!isAtomicError(error, "child-failed")) throw error;
  }
  nft(wholeTable(usedNetworks(store)));
}

function closePorts(store: NetworkStore, lease: Lease): void {
  if (lease.ports.length === 0) return;
  try {
    nft(changePorts("delete", lease));
  } catch (error) {
    if (!isAtomicError(error, "child-failed")) throw error;
    nft(wholeTable(usedNetworks(store)));
  }
}

function usedNetworks(store: NetworkStore): Network[] {
  return readNetworks(store).filter(({ leases }) => leases.length > 0);
}

function ip(commands: string): void {
  run(["ip", "-batch", "-"], { input: commands, package: "iproute2" });
}

function nft(script: string): string {
  return run(["nft", "-f", "-"], { input: script, package: "nftables" }).stdout.toString("utf8");
}
