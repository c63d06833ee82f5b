/** IPv4 subnets and addresses. Spec: RFC 4632 */
import { isIPv4 } from "node:net";
import { AtomicError } from "../../errors.ts";

export interface Subnet {
  /** The first address, as a number. */
  first: number;
  /** Bits of the prefix, 8 to 29. */
  prefix: number;
}

/** Reads `ADDRESS/PREFIX`. @throws AtomicError usage */
export function parseSubnet(text: string): Subnet {
  const [address = "", bits = ""] = text.split("/");
  const prefix = /^[0-9]{1,2}$/.test(bits) ? Number(bits) : Number.NaN;
  const size = 2 ** (32 - prefix);
  const first = isIPv4(address) ? parseAddress(address) : Number.NaN;
  if (prefix >= 8 && prefix <= 29 && first % size === 0) return { first, prefix };
  throw new AtomicError("usage", `reading subnet '${text}': expected the first address and a prefix of 8 to 29 bits`, {
    hint: "atomic network create NAME --subnet 10.90.1.0/24",
  });
}

/** `ADDRESS/PREFIX` */
export function formatSubnet({ first, prefix }: Subnet): string {
  return `${formatAddress(first)}/${prefix}`;
}

/** The address of the bridge: the first that a machine can have. */
export function gatewayOf({ first }: Subnet): string {
  return formatAddress(first + 1);
}

/**
 * The next free address after `last`, round and round, so that one that was given back is not given out at once.
 * @returns undefined when all are taken
 */
export function nextAddress({ first, prefix }: Subnet, taken: ReadonlySet<string>, last?: string): string | undefined {
  const hosts = 2 ** (32 - prefix) - 3; // not the network, the gateway, the broadcast
  const start = last === undefined ? 0 : parseAddress(last) - first - 1;
  for (let i = 0; i < hosts; i++) {
    const address = formatAddress(first + 2 + ((start + i) % hosts));
    if (!taken.has(address)) return address;
  }
  return undefined;
}

/** True when some address is in both. */
export function overlaps(a: Subnet, b: Subnet): boolean {
  return a.first < b.first + 2 ** (32 - b.prefix) && b.first < a.first + 2 ** (32 - a.prefix);
}

function parseAddress(text: string): number {
  return text.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");
}
