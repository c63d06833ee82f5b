/** Making and removing networks. */
import { randomBytes } from "node:crypto";
import { AtomicError, isAtomicError } from "../../errors.ts";
import { checksumOf } from "../../digest.ts";
import { removeLink } from "./links.ts";
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
import { formatSubnet, overlaps, parseSubnet, sizeOf, type Subnet } from "./subnet.ts";

/** Where subnets are chosen from: 10.90.0.0/16 is the default network's, then come /24 ones. */
const FIRST_CHOICE = (10n << 24n) | (91n << 16n);
const CHOICES = 64 * 256;
const CHOICE_PREFIX = 24;

/** Bytes that make a unique local prefix one's own. RFC 4193 */
const GLOBAL_ID = 5;
const UNIQUE_LOCAL = 0xfd;

export interface NetworkAddresses {
  /** `ADDRESS/PREFIX`, at most one of IPv4 and one of IPv6. */
  subnets?: readonly string[];
  /** Addresses of IPv6 too. */
  ipv6?: boolean;
}

/**
 * Makes a network; its bridge appears with its first container. Subnets that are not named are chosen.
 * @throws AtomicError exists, conflict (the subnet is another network's), usage, locked
 */
export async function createNetwork(
  store: NetworkStore,
  name: string,
  { subnets = [], ipv6 = false }: NetworkAddresses = {},
): Promise<Network> {
  return withNetworkLock(store, () => {
    if (isKnown(store, name)) {
      throw new AtomicError("exists", `creating network ${name}: there is one already`, {
        hint: "atomic network list",
      });
    }
    const others = readNetworks(store);
    const asked = subnets.map(parseSubnet);
    const subnet = onlyOne(name, asked, 4) ?? freeSubnet(others);
    const asked6 = onlyOne(name, asked, 6);
    const subnet6 = asked6 ?? (ipv6 ? uniqueSubnet() : undefined);
    for (const chosen of [subnet, ...(subnet6 === undefined ? [] : [subnet6])]) refuseClash(name, chosen, others);
    if (subnet6 !== undefined && sizeOf(subnet6) < sizeOf(subnet)) {
      const why = `${formatSubnet(subnet6)} has fewer addresses than ${formatSubnet(subnet)}`;
      throw new AtomicError("usage", `creating network ${name}: ${why}`, {
        hint: `atomic network create ${name} --ipv6`,
      });
    }
    // Interface names end at 15 characters.
    const bridge = `atomic-${checksumOf(Buffer.from(name)).slice(0, 8)}`;
    const network: Network = { name, bridge, subnet, ...(subnet6 === undefined ? {} : { subnet6 }), leases: [] };
    defineNetwork(store, network);
    return network;
  });
}

function onlyOne(name: string, subnets: readonly Subnet[], version: 4 | 6): Subnet | undefined {
  const [one, ...more] = subnets.filter((subnet) => subnet.version === version);
  if (more.length === 0) return one;
  throw new AtomicError(
    "usage",
    `creating network ${name}: expected one subnet of IPv${version}, found ${more.length + 1}`,
    {
      hint: `atomic network create ${name} --ipv6`,
    },
  );
}

function refuseClash(name: string, chosen: Subnet, others: readonly Network[]): void {
  for (const { subnet, subnet6, name: other } of others) {
    const clash = [subnet, ...(subnet6 === undefined ? [] : [subnet6])].find((one) => overlaps(one, chosen));
    if (clash === undefined) continue;
    const why = `network ${other} has ${formatSubnet(clash)}`;
    throw new AtomicError("conflict", `creating network ${name} with ${formatSubnet(chosen)}: ${why}`, {
      hint: `atomic network create ${name}`,
    });
  }
}

/** fdXX:XXXX:XXXX::/64 */
function uniqueSubnet(): Subnet {
  const start = Buffer.from([UNIQUE_LOCAL, ...randomBytes(GLOBAL_ID)]).toString("hex");
  return { version: 6, first: BigInt(`0x${start.padEnd(32, "0")}`), prefix: 64 };
}

/** Removes a network that no container is on. @throws AtomicError conflict, not-found, usage, locked, child-failed */
export async function removeNetwork(store: NetworkStore, name: string): Promise<void> {
  await withNetworkLock(store, () => {
    const { bridge, leases } = readNetwork(store, name);
    const refuse = (why: string, hint: string) =>
      new AtomicError("conflict", `removing network ${name}: ${why}`, { hint });
    if (name === DEFAULT_NETWORK.name) throw refuse("it is always there", "atomic network list");
    if (leases.length > 0) throw refuse(`${leases[0]!.names[0]} is on it`, `atomic rm ${leases[0]!.names[0]}`);
    removeLink(bridge);
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
    const first = FIRST_CHOICE + (BigInt(i) << BigInt(32 - CHOICE_PREFIX));
    const subnet: Subnet = { version: 4, first, prefix: CHOICE_PREFIX };
    if (!others.some((other) => overlaps(other.subnet, subnet))) return subnet;
  }
  throw new AtomicError("conflict", "creating a network: no subnet is free", {
    hint: "atomic network create NAME --subnet 192.168.1.0/24",
  });
}
