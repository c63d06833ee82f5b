/** Published ports as elements of the firewall's maps, of which it has one for each version of IP and one more for single addresses. */
import { ipBytes, type IpVersion, parseIp } from "./ip.ts";
import { ANY, type Lease, type PublishedPort } from "./network.ts";

export type Published = Pick<Lease, "address" | "address6" | "ports">;

/** One element: what leads where. */
export interface PortElement {
  map: string;
  /** As nft(8) writes both sides. */
  text: { key: string; data: string };
  /** As the kernel has them: each part filled up to four bytes. */
  bytes: { key: Buffer; data: Buffer };
}

const PROTOCOLS = { tcp: 6, udp: 17 } as const;

/** The elements of a container's ports. */
export function portElements({ address, address6, ports }: Published): PortElement[] {
  return ports.flatMap((port) =>
    versionsOf(port).flatMap((version) => {
      const target = version === 4 ? address : address6;
      return target === undefined ? [] : [elementOf(port, version, target)];
    }),
  );
}

/** The versions of IP that a port is published with. */
export function versionsOf({ hostAddress }: Pick<PublishedPort, "hostAddress">): readonly IpVersion[] {
  return hostAddress === undefined ? [4, 6] : [parseIp(hostAddress)!.version];
}

function elementOf(port: PublishedPort, version: IpVersion, target: string): PortElement {
  const { hostAddress, protocol, hostPort, containerPort } = port;
  const own = hostAddress === undefined || hostAddress === ANY[version] ? undefined : hostAddress;
  return {
    map: `${own === undefined ? "ports" : "addressed_ports"}${version === 4 ? "" : "6"}`,
    text: {
      key: [...(own === undefined ? [] : [own]), protocol, hostPort].join(" . "),
      data: `${target} . ${containerPort}`,
    },
    bytes: {
      key: Buffer.concat([
        ...(own === undefined ? [] : [ipBytes(own)]),
        Buffer.from([PROTOCOLS[protocol], 0, 0, 0]),
        portBytes(hostPort),
      ]),
      data: Buffer.concat([ipBytes(target), portBytes(containerPort)]),
    },
  };
}

function portBytes(port: number): Buffer {
  return Buffer.from([port >> 8, port & 0xff, 0, 0]);
}
