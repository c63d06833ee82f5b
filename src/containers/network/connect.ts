/** Connecting containers to networks. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { AtomicError } from "../../errors.ts";
import { close, isKernelError, O_RDONLY, open } from "../../linux/index.ts";
import { run } from "../../spawn.ts";
import { changePorts, isInTable } from "./elements.ts";
import { wholeTable } from "./firewall.ts";
import { readListeners } from "./listeners.ts";
import { linkName, makeBridge, makeLink, removeLink } from "./links.ts";
import type { Lease, Network, PortRequest, PublishedPort } from "./network.ts";
import {
  forgetLease,
  type NetworkStore,
  readNetwork,
  readNetworks,
  withNetworkLock,
  writeLeases,
} from "./network-store.ts";
import { versionsOf } from "./port-elements.ts";
import { assignPorts } from "./ports.ts";
import { addressAt, nextAddress, placeOf } from "./subnet.ts";

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
 * @throws AtomicError not-found (network, `nft`), conflict (a port is taken, the network is full), child-failed; usage for
 *   a port at an address of IPv6 on a network without; the container is not connected then
 */
export async function connectContainer(store: NetworkStore, request: ConnectRequest): Promise<Lease> {
  return withNetworkLock(store, () => {
    const networks = readNetworks(store);
    const network = readNetwork(store, request.network);
    checkVersions(network, request.ports);
    const ports = assignPorts(
      request.ports,
      networks.flatMap(({ leases }) => leases),
      request.ports.length === 0 ? [] : readListeners(),
    );
    const lease = newLease(network, request, ports);
    const joined = { ...network, leases: [...network.leases, lease], last: lease.address };
    const namespace = open(`/proc/${request.pid}/ns/net`, O_RDONLY);
    // What is recorded can be taken back, also by another run after this one was killed.
    writeLeases(store, joined);
    try {
      ensureBridge(network);
      makeLink(network, lease, namespace);
      openPorts(store, network, lease);
    } catch (error) {
      takeBack(store, joined, lease);
      throw error;
    } finally {
      close(namespace);
    }
    return lease;
  });
}

/** Takes a container off every network; one that is on none is fine. @throws AtomicError child-failed, locked */
export async function disconnectContainer(store: NetworkStore, container: string): Promise<void> {
  const isOn = ({ leases }: Network) => leases.some((lease) => lease.container === container);
  // Its own lock is held: nobody else connects it meanwhile.
  if (!readNetworks(store).some(isOn)) return;
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
  const { subnet, subnet6 } = network;
  return {
    container,
    names,
    address,
    ...(subnet6 === undefined ? {} : { address6: addressAt(subnet6, placeOf(subnet, address)) }),
    link: linkName(container),
    ports,
    ...(hosts === undefined ? {} : { hosts }),
  };
}

function checkVersions({ name, subnet6 }: Network, ports: readonly PortRequest[]): void {
  const six = ports.find((port) => !versionsOf(port).includes(4));
  if (six === undefined) return;
  const publishing = `publishing a port at [${six.hostAddress}]`;
  if (subnet6 === undefined) {
    throw new AtomicError("usage", `${publishing}: network ${name} has no IPv6 addresses`, {
      hint: "atomic network create NAME --ipv6",
    });
  }
  if (six.hostAddress === LOOPBACK_6 && isOn(BRIDGED_6)) {
    throw new AtomicError("unsupported", `${publishing}: bridges lose what returns while the host filters in them`, {
      hint: `sysctl -w ${BRIDGED_6.replaceAll("/", ".")}=0`,
    });
  }
}

function takeBack(store: NetworkStore, network: Network, lease: Lease): void {
  const left = { ...network, leases: network.leases.filter(({ container }) => container !== lease.container) };
  removeLink(lease.link);
  writeLeases(store, left);
  forgetLease(store, network.name, lease);
  closePorts(store, lease);
}

const LOOPBACK_6 = "::1";
const BRIDGED_6 = "net/bridge/bridge-nf-call-ip6tables";
const FORWARD_6 = "net/ipv6/conf/all/forwarding";

function ensureBridge(network: Network): void {
  const { bridge, subnet6, name } = network;
  if (subnet6 !== undefined && !existsSync(`/proc/sys/${FORWARD_6}`))
    throw new AtomicError("unsupported", `connecting to network ${name}: it has IPv6 addresses, and this kernel none`);
  makeBridge(network);
  turn("net/ipv4/ip_forward", "1");
  turn(`net/ipv4/conf/${bridge}/route_localnet`, "1"); // published ports answer at 127.0.0.1 too
  const advertised = `net/ipv6/conf/${bridge}/accept_ra`;
  if (existsSync(`/proc/sys/${advertised}`)) turn(advertised, "0"); // no container is the host's router
  if (subnet6 !== undefined && !isOn(FORWARD_6)) forward6();
}

/** The kernel stops listening to routers where it forwards, unless it is told to go on. */
function forward6(): void {
  for (const name of readdirSync("/proc/sys/net/ipv6/conf")) {
    const path = `net/ipv6/conf/${name}/accept_ra`;
    if (name !== "all" && isOn(path)) turn(path, "2");
  }
  turn(FORWARD_6, "1");
}

/** In this process's network namespace, whichever `/sys` shows. */
function isOn(name: string): boolean {
  const path = `/proc/sys/${name}`;
  return existsSync(path) && readFileSync(path, "utf8").trim() === "1";
}

function turn(name: string, value: string): void {
  const path = `/proc/sys/${name}`;
  if (readFileSync(path, "utf8").trim() !== value) writeFileSync(path, value);
}

/** The ports alone; where the table is not as it should be, the whole table. */
function openPorts(store: NetworkStore, { bridge }: Network, lease: Lease): void {
  try {
    if (isInTable(bridge)) return changePorts("add", lease);
  } catch (error) {
    if (!isKernelError(error)) throw error;
  }
  nft(wholeTable(usedNetworks(store)));
}

function closePorts(store: NetworkStore, lease: Lease): void {
  try {
    changePorts("delete", lease);
  } catch (error) {
    if (!isKernelError(error)) throw error;
    nft(wholeTable(usedNetworks(store)));
  }
}

function usedNetworks(store: NetworkStore): Network[] {
  return readNetworks(store).filter(({ leases }) => leases.length > 0);
}

function nft(script: string): void {
  run(["nft", "-f", "-"], { input: script, package: "nftables" });
}
