/** `--network`, `--publish`, `--dns` */
import { isIP, isIPv4 } from "node:net";
import { AtomicError } from "../../errors.ts";
import { DEFAULT_NETWORK } from "../network/network-store.ts";
import type { PortRequest } from "../network/network.ts";
import type { NamespaceMode } from "./namespace-mode.ts";

const MAX_PORT = 65_535;
/** Ports that one option may publish. */
const MAX_RANGE = 1000;
const NETWORK = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

/** Where a container's network comes from; the default network without a word. @throws AtomicError usage, unsupported */
export function networkMode(text = DEFAULT_NETWORK.name): NamespaceMode {
  if (text === "none" || text === "private") return { kind: "private" };
  if (text === "host") return { kind: "host" };
  if (text === "default") return { kind: "network", name: DEFAULT_NETWORK.name };
  if (text.startsWith("/")) return { kind: "path", path: text };
  if (text.startsWith("ns:/")) return { kind: "path", path: text.slice("ns:".length) };
  if (text.startsWith("container:")) return { kind: "container", name: text.slice("container:".length) };
  if (text === "slirp4netns" || text === "pasta") {
    throw new AtomicError("unsupported", `running with --network=${text}: root's containers have bridges`, {
      hint: "atomic run --network=bridge IMAGE",
    });
  }
  if (NETWORK.test(text)) return { kind: "network", name: text };
  throw bad("--network", text, "bridge, none, host, container:NAME, ns:PATH or the name of a network");
}

/** `[IP:][HOST:]CONTAINER[/PROTOCOL]`, ports or ranges of the same length. @throws AtomicError usage */
export function parsePublish(text: string): PortRequest[] {
  const [places = "", protocol = "tcp", ...more] = text.split("/");
  const parts = places.split(":");
  const [container = "", host = "", hostAddress = ""] = parts.toReversed();
  const fail = () => bad("--publish", text, "[IPv4:][HOST:]CONTAINER[/tcp|/udp], ports or ranges of the same length");
  if (more.length > 0 || parts.length > 3 || (protocol !== "tcp" && protocol !== "udp")) throw fail();
  if (hostAddress !== "" && !isIPv4(hostAddress)) throw fail();
  const [inside, outside] = [portRange(container), host === "" ? undefined : portRange(host)];
  if (inside === undefined || (host !== "" && outside?.count !== inside.count)) throw fail();
  return Array.from({ length: inside.count }, (_, index) => ({
    protocol,
    ...(hostAddress === "" || hostAddress === "0.0.0.0" ? {} : { hostAddress }),
    ...(outside === undefined ? {} : { hostPort: outside.first + index }),
    containerPort: inside.first + index,
  }));
}

/** The address of a name server. @throws AtomicError usage */
export function parseServer(text: string): string {
  if (isIP(text) === 0) throw bad("--dns", text, "an IP address");
  return text;
}

/** A domain that names are searched in. @throws AtomicError usage */
export function parseSearch(text: string): string {
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,253}$/.test(text)) throw bad("--dns-search", text, "a domain");
  return text;
}

/** Another name of a container on its network. @throws AtomicError usage */
export function parseAlias(text: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,253}$/.test(text)) throw bad("--network-alias", text, "a host name");
  return text;
}

function portRange(text: string): { first: number; count: number } | undefined {
  const [, first, last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  const [low, high] = [Number(first), Number(last)];
  const valid = low >= 1 && high <= MAX_PORT && low <= high && high - low < MAX_RANGE;
  return valid ? { first: low, count: high - low + 1 } : undefined;
}

function bad(option: string, found: string, expected: string): AtomicError {
  return new AtomicError("usage", `reading ${option}: expected ${expected}, found ${JSON.stringify(found)}`);
}
