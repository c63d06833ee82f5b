/**
 * The firewall's part of networks: one nftables table. Ports are elements of maps, so that one more costs the same
 * whatever their number. Spec: nft(8)
 */
import type { Network } from "./network.ts";
import { portElements } from "./port-elements.ts";
import { formatSubnet } from "./subnet.ts";

const TABLE = "inet atomic";

/** The whole table for nft(8), in place of the present one, in one transaction. */
export function wholeTable(networks: readonly Network[]): string {
  return `add table ${TABLE}\ndelete table ${TABLE}\n${TABLE_TEXT}${networks.map(addNetwork).join("")}`;
}

/** Adds a network with its ports to the table. */
function addNetwork({ bridge, subnet, subnet6, leases }: Network): string {
  return [
    `add element ${TABLE} bridges { ${bridge} }`,
    `add element ${TABLE} inside { ${bridge} . ${bridge} }`,
    `add element ${TABLE} subnets { ${formatSubnet(subnet)} }`,
    ...(subnet6 === undefined ? [] : [`add element ${TABLE} subnets6 { ${formatSubnet(subnet6)} }`]),
    ...leases
      .flatMap(portElements)
      .map(({ map, text }) => `add element ${TABLE} ${map} { ${text.key} : ${text.data} }`),
    "",
  ].join("\n");
}

const TABLE_TEXT = `table ${TABLE} {
  set bridges { type ifname; }
  set subnets { type ipv4_addr; flags interval; }
  set subnets6 { type ipv6_addr; flags interval; }
  # both ends of what one network may say to itself
  set inside { type ifname . ifname; }
  map ports { type inet_proto . inet_service : ipv4_addr . inet_service; }
  map ports6 { type inet_proto . inet_service : ipv6_addr . inet_service; }
  map addressed_ports { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }
  map addressed_ports6 { type ipv6_addr . inet_proto . inet_service : ipv6_addr . inet_service; }

  chain publish {
    meta l4proto { tcp, udp } dnat ip addr . port to ip daddr . meta l4proto . th dport map @addressed_ports
    meta l4proto { tcp, udp } dnat ip addr . port to meta l4proto . th dport map @ports
  }
  chain publish6 {
    meta l4proto { tcp, udp } dnat ip6 addr . port to ip6 daddr . meta l4proto . th dport map @addressed_ports6
    meta l4proto { tcp, udp } dnat ip6 addr . port to meta l4proto . th dport map @ports6
  }
  chain prerouting {
    type nat hook prerouting priority -100; policy accept;
    meta nfproto ipv4 fib daddr type local jump publish
    meta nfproto ipv6 fib daddr type local jump publish6
  }
  chain output {
    type nat hook output priority -100; policy accept;
    meta nfproto ipv4 fib daddr type local jump publish
    meta nfproto ipv6 fib daddr type local jump publish6
  }
  chain postrouting {
    type nat hook postrouting priority 100; policy accept;
    # the host at its loopback, and a container that uses a published port of its own network
    ct status dnat oifname @bridges ip saddr 127.0.0.0/8 masquerade
    ct status dnat oifname @bridges ip saddr @subnets masquerade
    ct status dnat oifname @bridges ip6 saddr ::1 masquerade
    ct status dnat oifname @bridges ip6 saddr @subnets6 masquerade
    oifname != @bridges ip saddr @subnets masquerade
    oifname != @bridges ip6 saddr @subnets6 masquerade
  }
  chain forward {
    type filter hook forward priority 0; policy accept;
    ct state established,related accept
    ct status dnat accept
    iifname @bridges oifname @bridges iifname . oifname != @inside drop
  }
}
`;
