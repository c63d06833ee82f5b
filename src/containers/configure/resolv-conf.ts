/** Which name servers a container asks. Spec: resolv.conf(5) */
import { isIPv4, isIPv6 } from "node:net";

export interface NameServers {
  servers: readonly string[];
  search: readonly string[];
  /** The container's network has addresses of IPv6. */
  ipv6?: boolean;
}

/**
 * The text of a container's `/etc/resolv.conf`: the host's, with what was asked for in its place.
 * Servers at the host's loopback are left out, since the container's own is another.
 */
export function resolvConf(host: string, { servers, search, ipv6 = false }: NameServers): string {
  const kept = host.split("\n").filter((line) => {
    const [word = "", value = ""] = line.trim().split(/\s+/);
    if (word === "nameserver") return servers.length === 0 && isReachable(value, ipv6);
    return word === "options" || ((word === "search" || word === "domain") && search.length === 0);
  });
  const own = [
    ...(search.length === 0 ? [] : [`search ${search.join(" ")}`]),
    ...servers.map((server) => `nameserver ${server}`),
  ];
  return [...own, ...kept, ""].join("\n");
}

/** Whether a resolv.conf names a server that containers can reach. */
export function namesServer(text: string, ipv6 = false): boolean {
  return text.split("\n").some((line) => {
    const [word, value = ""] = line.trim().split(/\s+/);
    return word === "nameserver" && isReachable(value, ipv6);
  });
}

/** Neither the host's loopback nor what only one of its links has. */
function isReachable(address: string, ipv6: boolean): boolean {
  if (isIPv6(address)) return ipv6 && address !== "::1" && !/%|^fe[89ab]/i.test(address);
  return isIPv4(address) && !address.startsWith("127.");
}
