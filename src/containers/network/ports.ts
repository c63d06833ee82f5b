/** Which ports of the host containers get. */
import { randomInt } from "node:crypto";
import { AtomicError } from "../../errors.ts";
import type { IpVersion } from "./ip.ts";
import { ANY, type Lease, type PortRequest, type PublishedPort } from "./network.ts";
import { versionsOf } from "./port-elements.ts";

/** What else has ports of the host: a program that listens. */
export type Listener = Pick<PublishedPort, "protocol" | "hostAddress" | "hostPort">;

/** Where ports are chosen from that nobody asked for by number: as the kernel's own choice is. */
const [FIRST_CHOICE, LAST_CHOICE] = [32_768, 60_999];
const ATTEMPTS = 10_000;

/**
 * Gives every request a port of the host.
 * @throws AtomicError conflict when another container, or a program of the host, has it
 */
export function assignPorts(
  requests: readonly PortRequest[],
  leases: readonly Lease[],
  listeners: readonly Listener[],
): PublishedPort[] {
  const assigned: PublishedPort[] = [];
  for (const request of requests) {
    const port = { ...request, hostPort: request.hostPort ?? freePort(request, [leases, listeners, assigned]) };
    const holder = holderOf(port, [leases, listeners, assigned]);
    if (holder !== undefined) {
      throw new AtomicError("conflict", `publishing port ${port.hostPort}/${port.protocol}: ${holder} has it`, {
        hint: holder === A_PROGRAM ? `ss -lnp 'sport = ${port.hostPort}'` : "atomic ps",
      });
    }
    assigned.push(port);
  }
  return assigned;
}

type Holders = [readonly Lease[], readonly Listener[], readonly PublishedPort[]];
const A_PROGRAM = "a program of the host";

function freePort(request: PortRequest, holders: Holders): number {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const hostPort = randomInt(FIRST_CHOICE, LAST_CHOICE + 1);
    if (holderOf({ ...request, hostPort }, holders) === undefined) return hostPort;
  }
  throw new AtomicError("conflict", `publishing port ${request.containerPort}: no port of the host is free`);
}

function holderOf(port: Listener, [leases, listeners, own]: Holders): string | undefined {
  const clashes = (other: Listener) =>
    other.protocol === port.protocol &&
    other.hostPort === port.hostPort &&
    versionsOf(port).some((version) => versionsOf(other).includes(version) && meet(port, other, version));
  const lease = leases.find(({ ports }) => ports.some(clashes));
  if (lease !== undefined) return lease.names[0];
  if (listeners.some(clashes)) return A_PROGRAM;
  return own.some(clashes) ? "the same container" : undefined;
}

function meet(a: Listener, b: Listener, version: IpVersion): boolean {
  const isAny = ({ hostAddress }: Listener) => hostAddress === undefined || hostAddress === ANY[version];
  return isAny(a) || isAny(b) || a.hostAddress === b.hostAddress;
}
