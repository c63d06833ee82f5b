/** Which name servers a container asks. Spec: resolv.conf(5) */

export interface NameServers {
  servers: readonly string[];
  search: readonly string[];
}

/**
 * The text of a container's `/etc/resolv.conf`: the host's, with what was asked for in its place.
 * Servers at the host's loopback are left out, since the container's own is another.
 */
export function resolvConf(host: string, { servers, search }: NameServers): string {
  const kept = host.split("\n").filter((line) => {
    const [word = "", value = ""] = line.trim().split(/\s+/);
    if (word === "nameserver") return servers.length === 0 && isReachable(value);
    return word === "options" || ((word === "search" || word === "domain") && search.length === 0);
  });
  const own = [
    ...(search.length === 0 ? [] : [`search ${search.join(" ")}`]),
    ...servers.map((server) => `nameserver ${server}`),
  ];
  return [...own, ...kept, ""].join("\n");
}

/** Whether a resolv.conf names a server that containers can reach. */
export function namesServer(text: string): boolean {
  return text.split("\n").some((line) => {
    const [word, value = ""] = line.trim().split(/\s+/);
    return word === "nameserver" && isReachable(value);
  });
}

/** Networks of containers are IPv4. */
function isReachable(address: string): boolean {
  return !address.startsWith("127.") && !address.includes(":") && address !== "";
}
