/** How the containers of a network find each other: one `/etc/hosts` for all, so no name server has to run. Spec: hosts(5) */
import type { Network } from "./network.ts";
import { gatewayOf } from "./subnet.ts";

/** The names of the host's end, as other runners have them. */
const HOST_NAMES = "host.containers.internal host.docker.internal";

/** The text of the file. @param more lines of one container */
export function hostsFile({ leases, subnet, subnet6 }: Network, more: readonly string[] = []): string {
  const gateways = [subnet, ...(subnet6 === undefined ? [] : [subnet6])].map(gatewayOf);
  return [
    "127.0.0.1 localhost",
    "::1 localhost ip6-localhost ip6-loopback",
    ...gateways.map((address) => `${address} ${HOST_NAMES}`),
    ...leases.flatMap(({ address, address6, names }) =>
      [address, ...(address6 === undefined ? [] : [address6])].map((one) => `${one} ${names.join(" ")}`),
    ),
    ...more,
    "",
  ].join("\n");
}
