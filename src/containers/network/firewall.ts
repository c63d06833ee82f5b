/**
 * The firewall's part of networks: one nftables table. Ports are elements of maps, so that one more costs the same
 * whatever their number. Spec: nft(8)
 */
import type { Lease, Network, PublishedPort } from "./network.ts";
import { formatSubnet } from "./subnet.ts";

const TABLE = "inet atomic";

/** The whole table for nft(8), in place of the present one, in one transaction. */
export function wholeTable(networks: readonly Network[]): string {
  return `add table ${TABLE}\ndelete table ${TABLE}\n${TABLE_TEXT}${networks.map(addNetwork).join("")}`;
}

/** Adds a network with its ports to the table. */
function addNetwork({ bridge, subnet, leases }: Network): string {
  return [
    `add element ${TABLE} bridges { ${bridge} }`,
    `add element ${TABLE} inside { ${bridge} . ${bridge} }`,
    `add element ${TABLE} subnets { ${formatSubnet(subnet)} }`,
    ...leases.map((lease) => changePorts("add", lease)),
    "",
  ].join("\n");
}

/** Adds a container's ports to the table, or takes them from it. Fails as a whole when one is, or is not, there. */
export function changePorts(change: "add" | "delete", { address, ports }: Pick<Lease, "address" | "ports">): string {
  return ports
    .map((port) => {
      const target = change === "add" ? ` : ${address} . ${port.containerPort}` : "";
      return `${change} element ${TABLE} ${mapOf(port)} { ${keyOf(port)}${target} }\n`;
    })
    .join("");
}

function mapOf({ hostAddress }: PublishedPort): string {
  return hostAddress === undefined ? "ports" : "addressed_ports";
}

function keyOf({ hostAddress, protocol, hostPort }: PublishedPort): string {
  return [...(hostAddress === undefined ? [] : [hostAddress]), protocol, hostPort].join(" . ");
}

const TABLE_TEXT = `table ${TABLE} {
  set bridges { type ifname; }
  set subnets { type ipv4_addr; flags interval; }
  # both ends of what one network may say to itself
  set inside { type ifname . ifname; }
  map ports { type inet_proto . inet_service : ipv4_addr . inet_service; }
  map addressed_ports { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }

  chain publish {
    meta l4proto { tcp, udp } dnat ip addr . port to ip daddr . meta l4proto . th dport map @addressed_ports
    meta l4proto { tcp, udp } dnat ip addr . port to meta l4proto . th dport map @ports
  }
  chain prerouting {
    type nat hook prerouting priority -100; policy accept;
    meta nfproto ipv4 fib daddr type local jump publish
  }
  chain output {
    type nat hook output priority -100; policy accept;
    meta nfproto ipv4 fib daddr type local jump publish
  }
  chain postrouting {
    type nat hook postrouting priority 100; policy accept;
    # the host at 127.0.0.1, and a container that uses a published port of its own network
    ct status dnat oifname @bridges ip saddr 127.0.0.0/8 masquerade
    ct status dnat oifname @bridges ip saddr @subnets masquerade
    oifname != @bridges ip saddr @subnets masquerade
  }
  chain forward {
    type filter hook forward priority 0; policy accept;
    ct state established,related accept
    ct status dnat accept
    iifname @bridges oifname @bridges iifname . oifname != @inside drop
  }
}
`;
