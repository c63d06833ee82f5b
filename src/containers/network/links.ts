/** Interfaces of networks, made through netlink: no program is started for one. Spec: rtnetlink(7), veth(4) */
import { existsSync, writeFileSync } from "node:fs";
import { checksumOf } from "../../digest.ts";
import {
  attribute,
  close,
  inNetworkNamespace,
  interfaceIndex,
  NETLINK_ROUTE,
  type NetlinkMessage,
  NLM_F_CREATE,
  NLM_F_EXCL,
  openNetlink,
  talk,
} from "../../linux/index.ts";
import { ipBytes } from "./ip.ts";
import type { Lease, Network } from "./network.ts";
import { gatewayOf, type Subnet } from "./subnet.ts";

/** The name of a container's end. */
const INSIDE = "eth0";
const ACCEPT_ROUTERS = `/proc/sys/net/ipv6/conf/${INSIDE}/accept_ra`;

const RTM_NEWLINK = 16;
const RTM_DELLINK = 17;
const RTM_NEWADDR = 20;
const RTM_NEWROUTE = 24;
const IFLA_ADDRESS = 1;
const IFLA_IFNAME = 3;
const IFLA_MASTER = 10;
const IFLA_LINKINFO = 18;
const IFLA_INFO_KIND = 1;
const IFLA_INFO_DATA = 2;
const IFLA_NET_NS_FD = 28;
const VETH_INFO_PEER = 1;
const IFF_UP = 1;
const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_BROADCAST = 4;
/** Nobody else can have the address: it need not be looked for before it is used. */
const IFA_F_NODAD = 2;
const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RT_TABLE_MAIN = 254;
const RT_TABLE_LOCAL = 255;
const RTPROT_STATIC = 4;
const RTN_UNICAST = 1;
const RTN_LOCAL = 2;
const AF_INET = 2;
const AF_INET6 = 10;
const CREATE = NLM_F_CREATE | NLM_F_EXCL;
const LOOPBACK_6 = "::1";

/** The host's end of a container's link; the kernel allows 15 characters. */
export function linkName(container: string): string {
  return `at${checksumOf(Buffer.from(container)).slice(0, 12)}`;
}

/** Makes a network's bridge, or what is missing of it. @throws KernelError */
export function makeBridge({ bridge, subnet, subnet6 }: Network): void {
  const making = `making the bridge ${bridge}`;
  if (interfaceIndex(bridge) === 0)
    route([
      { ...link(making, [attribute(IFLA_IFNAME, bridge), kind("bridge")]), flags: CREATE, tolerated: ["EEXIST"] },
    ]);
  const index = interfaceIndex(bridge);
  const there = (message: NetlinkMessage): NetlinkMessage => ({ ...message, tolerated: ["EEXIST"] });
  route([
    ...subnetsOf(subnet, subnet6).map((one) => there(address(making, index, gatewayOf(one), one))),
    link(making, [], { index, up: true }),
    // The way back for visitors from ::1, as `route_localnet` is with IPv4.
    ...(subnet6 === undefined ? [] : [there(localRoute(making, index))]),
  ]);
}

/**
 * Links a network namespace to the bridge, and gives it its addresses.
 * @param namespace the open namespace @throws KernelError
 */
export function makeLink(network: Network, lease: Lease, namespace: number): void {
  const { bridge, subnet, subnet6 } = network;
  const making = `linking to the bridge ${bridge}`;
  const peer = [
    attribute(IFLA_IFNAME, INSIDE),
    attribute(IFLA_ADDRESS, hardwareAddress(lease.address)),
    attribute(IFLA_NET_NS_FD, namespace),
  ];
  const peerInfo = attribute(VETH_INFO_PEER, Buffer.concat([linkHeader(), ...peer]));
  const attributes = [attribute(IFLA_IFNAME, lease.link), attribute(IFLA_MASTER, interfaceIndex(bridge))];
  route([{ ...link(making, [...attributes, kind("veth", peerInfo)], { up: true }), flags: CREATE }]);
  const inside = inNetworkNamespace(namespace, () => {
    // /proc/sys/net is that of the thread. Nobody on the network becomes a router by saying so.
    if (existsSync(ACCEPT_ROUTERS)) writeFileSync(ACCEPT_ROUTERS, "0");
    return { socket: openNetlink(NETLINK_ROUTE), index: interfaceIndex(INSIDE), loopback: interfaceIndex("lo") };
  });
  const places = subnetsOf(subnet, subnet6);
  try {
    talk(inside.socket, [
      link(making, [], { index: inside.loopback, up: true }),
      ...places.map((one) => address(making, inside.index, one.version === 4 ? lease.address : lease.address6!, one)),
      link(making, [], { index: inside.index, up: true }),
      ...places.map((one) => defaultRoute(making, inside.index, one)),
    ]);
  } finally {
    close(inside.socket);
  }
}

/** Removes an interface; one that is gone is fine. @throws KernelError */
export function removeLink(name: string): void {
  const index = interfaceIndex(name);
  if (index === 0) return;
  const removing = link(`removing the interface ${name}`, [], { index });
  route([{ ...removing, type: RTM_DELLINK, tolerated: ["ENODEV"] }]); // it may go with its container just now
}

function route(messages: readonly NetlinkMessage[]): void {
  const socket = openNetlink(NETLINK_ROUTE);
  try {
    talk(socket, messages);
  } finally {
    close(socket);
  }
}

function subnetsOf(subnet: Subnet, subnet6: Subnet | undefined): Subnet[] {
  return [subnet, ...(subnet6 === undefined ? [] : [subnet6])];
}

/** `struct ifinfomsg` and attributes. */
function link(
  doing: string,
  attributes: readonly Uint8Array[],
  at: { index?: number; up?: boolean } = {},
): NetlinkMessage {
  return { doing, type: RTM_NEWLINK, body: Buffer.concat([linkHeader(at), ...attributes]) };
}

function linkHeader({ index = 0, up = false }: { index?: number; up?: boolean } = {}): Buffer {
  const header = Buffer.alloc(16);
  header.writeInt32LE(index, 4);
  if (up) for (const at of [8, 12]) header.writeUInt32LE(IFF_UP, at);
  return header;
}

function kind(name: string, data?: Buffer): Buffer {
  const info = data === undefined ? [] : [attribute(IFLA_INFO_DATA, [data])];
  return attribute(IFLA_LINKINFO, [attribute(IFLA_INFO_KIND, name), ...info]);
}

/** `struct ifaddrmsg` and attributes. */
function address(doing: string, index: number, own: string, { version, prefix, first }: Subnet): NetlinkMessage {
  const header = Buffer.from([familyOf(version), prefix, version === 6 ? IFA_F_NODAD : 0, 0, 0, 0, 0, 0]);
  header.writeUInt32LE(index, 4);
  const bytes = ipBytes(own);
  const attributes = [attribute(IFA_LOCAL, bytes), attribute(IFA_ADDRESS, bytes)];
  if (version === 4) {
    const broadcast = Buffer.alloc(4);
    broadcast.writeUInt32BE(Number(first) + 2 ** (32 - prefix) - 1);
    attributes.push(attribute(IFA_BROADCAST, broadcast));
  }
  return { doing, type: RTM_NEWADDR, flags: CREATE, body: Buffer.concat([header, ...attributes]) };
}

function defaultRoute(doing: string, index: number, subnet: Subnet): NetlinkMessage {
  const header = routeHeader(familyOf(subnet.version), { table: RT_TABLE_MAIN, type: RTN_UNICAST });
  const attributes = [attribute(RTA_GATEWAY, ipBytes(gatewayOf(subnet))), attribute(RTA_OIF, index)];
  return { doing, type: RTM_NEWROUTE, flags: CREATE, body: Buffer.concat([header, ...attributes]) };
}

function localRoute(doing: string, index: number): NetlinkMessage {
  const header = routeHeader(AF_INET6, { table: RT_TABLE_LOCAL, type: RTN_LOCAL, bits: 128 });
  const attributes = [attribute(RTA_DST, ipBytes(LOOPBACK_6)), attribute(RTA_OIF, index)];
  return { doing, type: RTM_NEWROUTE, flags: CREATE, body: Buffer.concat([header, ...attributes]) };
}

/** `struct rtmsg` */
function routeHeader(
  family: number,
  { table, type, bits = 0 }: { table: number; type: number; bits?: number },
): Buffer {
  return Buffer.from([family, bits, 0, 0, table, RTPROT_STATIC, 0, type, 0, 0, 0, 0]);
}

function familyOf(version: 4 | 6): number {
  return version === 4 ? AF_INET : AF_INET6;
}

/** Locally administered, and made of the IP address: neighbours' caches stay right when an address is given out again. */
function hardwareAddress(own: string): Buffer {
  return Buffer.from([0x02, 0x42, ...ipBytes(own)]);
}
