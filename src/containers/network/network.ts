/** A network: a bridge with a subnet, and the containers on it. */
import type { Subnet } from "./subnet.ts";

export interface Network {
  name: string;
  /** Name of the bridge interface. */
  bridge: string;
  /** Of IPv4. */
  subnet: Subnet;
  /** Of IPv6, where it has that too: a container has the same place in both. */
  subnet6?: Subnet;
  leases: Lease[];
  /** The address given out last. */
  last?: string;
}

/** A container's place on a network. */
export interface Lease {
  /** Id of the container. */
  container: string;
  /** What other containers call it. */
  names: string[];
  address: string;
  /** On a network with IPv6. */
  address6?: string;
  /** The host's end of the link. */
  link: string;
  ports: PublishedPort[];
  /** Lines of its `/etc/hosts` that others do not have: it has a file of its own then. */
  hosts?: string[];
}

/** What is asked for: without a port of the host, any that is free. */
export type PortRequest = Omit<PublishedPort, "hostPort"> & { hostPort?: number };

/** A port of the host that leads to one of a container. */
export interface PublishedPort {
  protocol: "tcp" | "udp";
  /** Only at this address of the host, or at all of its version (`0.0.0.0`, `::`); at all of them without it. */
  hostAddress?: string;
  hostPort: number;
  containerPort: number;
}

/** The address of all of one version. */
export const ANY = { 4: "0.0.0.0", 6: "::" } as const;
