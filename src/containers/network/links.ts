/** Interfaces of networks, as ip(8) makes them. Spec: ip-link(8), veth(4) */
import { checksumOf } from "../../digest.ts";
import type { Lease, Network } from "./network.ts";
import { gatewayOf } from "./subnet.ts";

/** The name of a container's end. */
const INSIDE = "eth0";

/** The host's end of a container's link; the kernel allows 15 characters. */
export function linkName(container: string): string {
  return `at${checksumOf(Buffer.from(container)).slice(0, 12)}`;
}

/** Commands for `ip -batch` that make a bridge. */
export function bridgeCommands({ bridge, subnet }: Network): string {
  return [
    `link add ${bridge} type bridge`,
    `address add ${gatewayOf(subnet)}/${subnet.prefix} dev ${bridge}`,
    `link set ${bridge} up`,
    "",
  ].join("\n");
}

/** Commands that link the network namespace of process `pid` to the bridge. */
export function linkCommands({ bridge }: Network, { link, address }: Lease, pid: number): string {
  return [
    `link add ${link} type veth peer name ${INSIDE} address ${hardwareAddress(address)} netns ${pid}`,
    `link set ${link} master ${bridge} up`,
    "",
  ].join("\n");
}

/** Commands for the inside of that namespace. */
export function insideCommands({ subnet }: Network, { address }: Lease): string {
  return [
    "link set lo up",
    `address add ${address}/${subnet.prefix} dev ${INSIDE}`,
    `link set ${INSIDE} up`,
    `route add default via ${gatewayOf(subnet)}`,
    "",
  ].join("\n");
}

/** Locally administered, and made of the IP address: neighbours' caches stay right when an address is given out again. */
function hardwareAddress(address: string): string {
  const bytes = address.split(".").map((part) => Number(part).toString(16).padStart(2, "0"));
  return ["02", "42", ...bytes].join(":");
}
