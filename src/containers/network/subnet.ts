/** Subnets and their addresses. Spec: RFC 4632, RFC 4291 */
import { AtomicError } from "../../errors.ts";
import { formatIp, type Ip, type IpVersion, parseIp } from "./ip.ts";

export interface Subnet {
  version: IpVersion;
  /** The first address, as a number. */
  first: bigint;
  /** Bits of the prefix. */
  prefix: number;
}

const SIZES = {
  4: { bits: 32, least: 8, most: 29 },
  6: { bits: 128, least: 8, most: 125 },
} as const;
/** Where containers may have addresses: global and unique local ones. */
const PLACES_6 = [
  { version: 6, first: 0x2n << 124n, prefix: 3 },
  { version: 6, first: 0xfcn << 120n, prefix: 7 },
] as const;
/** This network, loopback, and multicast with all above it. */
const NO_PLACES_4 = [
  { version: 4, first: 0n, prefix: 8 },
  { version: 4, first: 127n << 24n, prefix: 8 },
  { version: 4, first: 224n << 24n, prefix: 3 },
] as const;

/** Reads `ADDRESS/PREFIX`. @throws AtomicError usage */
export function parseSubnet(text: string): Subnet {
  const [address = "", bits = "", ...more] = text.split("/");
  const ip = parseIp(address);
  const prefix = /^[1-9][0-9]{0,2}$/.test(bits) ? Number(bits) : Number.NaN;
  if (ip !== undefined && more.length === 0) {
    const { least, most } = SIZES[ip.version];
    const subnet = { version: ip.version, first: ip.value, prefix };
    if (prefix >= least && prefix <= most && ip.value % sizeOf(subnet) === 0n && isForContainers(subnet)) return subnet;
  }
  const expected = "the first address for containers and a prefix of 8 to 29 bits, or 125 with IPv6";
  throw new AtomicError("usage", `reading subnet '${text}': expected ${expected}`, {
    hint: "atomic network create NAME --subnet 10.90.1.0/24 --subnet fd00:90:1::/64",
  });
}

/** `ADDRESS/PREFIX` */
export function formatSubnet(subnet: Subnet): string {
  return `${addressAt(subnet, 0)}/${subnet.prefix}`;
}

/** The address of the bridge: the first that a machine can have. */
export function gatewayOf(subnet: Subnet): string {
  return addressAt(subnet, 1);
}

/** The address at a place of the subnet. */
export function addressAt({ version, first }: Subnet, place: number): string {
  return formatIp({ version, value: first + BigInt(place) });
}

/** Where in the subnet an address of it is. */
export function placeOf({ first }: Subnet, address: string): number {
  return Number((parseIp(address) as Ip).value - first);
}

/**
 * The next free address after `last`, round and round, so that one that was given back is not given out at once.
 * @returns undefined when all are taken
 */
export function nextAddress(subnet: Subnet, taken: ReadonlySet<string>, last?: string): string | undefined {
  const hosts = Number(sizeOf(subnet)) - 3; // not the network, the gateway, the broadcast
  const start = last === undefined ? 0 : placeOf(subnet, last) - 1;
  for (let i = 0; i < hosts; i++) {
    const address = addressAt(subnet, 2 + ((start + i) % hosts));
    if (!taken.has(address)) return address;
  }
  return undefined;
}

/** True when some address is in both. */
export function overlaps(a: Subnet, b: Subnet): boolean {
  return a.version === b.version && a.first < b.first + sizeOf(b) && b.first < a.first + sizeOf(a);
}

/** How many addresses there are. */
export function sizeOf({ version, prefix }: Subnet): bigint {
  return 1n << BigInt(SIZES[version].bits - prefix);
}

function isForContainers(subnet: Subnet): boolean {
  if (subnet.version === 4) return !NO_PLACES_4.some((place) => overlaps(place, subnet));
  return PLACES_6.some((place) => place.prefix <= subnet.prefix && overlaps(place, subnet));
}
