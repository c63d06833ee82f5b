/** The files of /etc that every container has of its own: names, hosts, name servers. */
import { chownSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { OwnFile } from "../configure/mounts.ts";
import { namesServer, resolvConf } from "../configure/resolv-conf.ts";
import { outsideRoot } from "../ids/id-maps.ts";
import { readNetwork } from "../network/network-store.ts";
import { hostLines, hostnameOf } from "./names.ts";
import { prepareHosts } from "./network.ts";
import { bundleDirectory, type Engine } from "./place.ts";
import { findNamed, type NamedContainer } from "./record.ts";

/** Where systemd-resolved keeps the servers that it asks itself. */
const RESOLVED = "/run/systemd/resolve/resolv.conf";
const RESOLV_CONF = "/etc/resolv.conf";
const FILES = ["hosts", "hostname", "resolv.conf"];

/**
 * Writes them into the container's bundle. A container on the host's network sees the host's own, and one that shares
 * another's network that one's.
 * @returns what to mount where @throws AtomicError not-found (network or container), locked
 */
export async function writeOwnFiles(engine: Engine, container: NamedContainer): Promise<OwnFile[]> {
  const { options, id } = container;
  const { namespaces, dns } = options;
  const { network } = namespaces;
  const bundle = bundleDirectory(engine, id);
  const root = container.idMaps === undefined ? undefined : outsideRoot(container.idMaps);
  if (network.kind === "container") return filesOf(engine, findNamed(engine, network.name));
  const write = (name: string, text: string): OwnFile => {
    const source = join(bundle, name);
    writeFileSync(source, text, { mode: 0o644 });
    if (root !== undefined) chownSync(source, root.uid, root.gid);
    return { source, destination: `/etc/${name}` };
  };
  const hostname = hostnameOf(container);
  const asksOwn = dns.servers.length > 0 || dns.search.length > 0;
  const ipv6 = network.kind === "network" && readNetwork(engine.networks, network.name).subnet6 !== undefined;
  const servers = () => resolvConf(hostServers(ipv6), { ...dns, ipv6 });
  const resolver = asksOwn || ["network", "pasta"].includes(network.kind) ? [write("resolv.conf", servers())] : [];
  if (network.kind === "network") {
    const hosts = { source: await prepareHosts(engine, container, network.name), destination: "/etc/hosts" };
    return [{ ...hosts, readOnly: true }, write("hostname", `${hostname}\n`), ...resolver];
  }
  const more = hostLines(container).map((line) => `${line}\n`);
  if (network.kind === "host") {
    const shared = [...(asksOwn ? [] : [RESOLV_CONF]), ...(more.length === 0 ? ["/etc/hosts"] : [])];
    const files = shared.filter((path) => existsSync(path)).map((path) => ({ source: path, destination: path }));
    const own = more.length === 0 ? [] : [write("hosts", `127.0.0.1\tlocalhost\n::1\tlocalhost\n${more.join("")}`)];
    return [...files, ...own, ...resolver];
  }
  const hosts = `127.0.0.1\tlocalhost ${hostname}\n::1\tlocalhost ${hostname}\n${more.join("")}`;
  return [write("hosts", hosts), write("hostname", `${hostname}\n`), ...resolver];
}

/** Those another container has. */
async function filesOf(engine: Engine, other: NamedContainer): Promise<OwnFile[]> {
  const { network } = other.options.namespaces;
  const files = FILES.map((name) => ({
    source: join(bundleDirectory(engine, other.id), name),
    destination: `/etc/${name}`,
  }));
  const own = files.filter(({ source }) => existsSync(source));
  if (network.kind !== "network") return own;
  const hosts = await prepareHosts(engine, other, network.name);
  return [...own, { source: hosts, destination: "/etc/hosts", readOnly: true }];
}

function hostServers(ipv6: boolean): string {
  const text = existsSync(RESOLV_CONF) ? readFileSync(RESOLV_CONF, "utf8") : "";
  return !namesServer(text, ipv6) && existsSync(RESOLVED) ? readFileSync(RESOLVED, "utf8") : text;
}
