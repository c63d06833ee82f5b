/** Making and removing networks. */
import { AtomicError, isAtomicError } from "../../errors.ts";
import { checksumOf } from "../../digest.ts";
import { run } from "../../spawn.ts";
import type { Network } from "./network.ts";
import {
  DEFAULT_NETWORK,
  defineNetwork,
  forgetNetwork,
  type NetworkStore,
  readNetwork,
  readNetworks,
  withNetworkLock,
} from "./network-store.ts";
import { formatSubnet, overlaps, parseSubnet, type Subnet } from "./subnet.ts";

/** Where subnets are chosen from: 10.90.0.0/16 is the default network's, then come /24 ones. */
const FIRST_CHOICE = 10 * 2 ** 24 + 91 * 2 ** 16;
const CHOICES = 64 * 256;
const CHOICE_PREFIX = 24;

/**
 * Makes a network; its bridge appears with its first container.
 * @throws AtomicError exists, conflict (the subnet is another network's), usage, locked
 */
export async function createNetwork(store: NetworkStore, name: string, subnet?: string): Promise<Network> {
  return withNetworkLock(store, () => {
    if (isKnown(store, name)) {
      throw new AtomicError("exists", `creating network ${name}: there is one already`, {
        hint: "atomic network list",
      });
    }
    const others = readNetworks(store);
    const chosen = subnet === undefined ? freeSubnet(others) : parseSubnet(subnet);
    const clash = others.find((other) => overlaps(other.subnet, chosen));
    if (clash !== undefined) {
      const why = `network ${clash.name} has ${formatSubnet(clash.subnet)}`;
      throw new AtomicError("conflict", `creating network ${name} with ${formatSubnet(chosen)}: ${why}`, {
        hint: `atomic network create ${name}`,
      });
    }
    // Interface names end at 15 characters.
    const bridge = `atomic-${checksumOf(Buffer.from(name)).slice(0, 8)}`;
    const network: Network = { name, bridge, subnet: chosen, leases: [] };
    defineNetwork(store, network);
    return network;
  });
}

/** Removes a network that no container is on. @throws AtomicError conflict, not-found, usage, locked, child-failed */
export async function removeNetwork(store: NetworkStore, name: string): Promise<void> {
  await withNetworkLock(store, () => {
    const { bridge, leases } = readNetwork(store, name);
    const refuse = (why: string, hint: string) =>
      new AtomicError("conflict", `removing network ${name}: ${why}`, { hint });
    if (name === DEFAULT_NETWORK.name) throw refuse("it is always there", "atomic network list");
    if (leases.length > 0) throw refuse(`${leases[0]!.names[0]} is on it`, `atomic rm ${leases[0]!.names[0]}`);
    try {
      run(["ip", "link", "delete", bridge], { package: "iproute2" });
    } catch (error) {
      if (!isAtomicError(error, "child-failed")) throw error; // it had no container yet
    }
    forgetNetwork(store, name);
  });
}

function isKnown(store: NetworkStore, name: string): boolean {
  try {
    readNetwork(store, name);
    return true;
  } catch (error) {
    if (isAtomicError(error, "not-found")) return false;
    throw error;
  }
}

function freeSubnet(others: readonly Network[]): Subnet {
  for (let i = 0; i < CHOICES; i++) {
    const subnet = { first: FIRST_CHOICE + i * 2 ** (32 - CHOICE_PREFIX), prefix: CHOICE_PREFIX };
    if (!others.some((other) => overlaps(other.subnet, subnet))) return subnet;
  }
  throw new AtomicError("conflict", "creating a network: no subnet is free", {
    hint: "atomic network create NAME --subnet 192.168.1.0/24",
  });
}
