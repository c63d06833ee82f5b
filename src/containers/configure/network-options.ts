/** `--network`, `--publish`, `--dns` */
import { isIP } from "node:net";
import { AtomicError } from "../../errors.ts";
import { formatIp, parseIp } from "../network/ip.ts";
import { DEFAULT_NETWORK } from "../network/network-store.ts";
import type { PortRequest } from "../network/network.ts";
import type { NamespaceMode } from "./namespace-mode.ts";

const MAX_PORT = 65_535;
/** Ports that one option may publish. */
const MAX_RANGE = 1000;
const PUBLISH =
  /^(?:(?:\[([0-9A-Fa-f:.]{2,45})\]|([0-9.]{7,15})):(?=[^:]*:))?(?:([0-9-]*):)?([0-9-]+)(?:\/(tcp|udp))?$/;
const NETWORK = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

/** Where a container's network comes from; the default network without a word. @throws AtomicError usage, unsupported */
export function networkMode(text = DEFAULT_NETWORK.name): NamespaceMode {
  if (text === "none" || text === "private") return { kind: "private" };
  if (text === "host") return { kind: "host" };
  if (text === "default") return { kind: "network", name: DEFAULT_NETWORK.name };
  if (text.startsWith("/")) return { kind: "path", path: text };
  if (text.startsWith("ns:/")) return { kind: "path", path: text.slice("ns:".length) };
  if (text.startsWith("container:")) return { kind: "container", name: text.slice("container:".length) };
  if (text === "pasta") return { kind: "pasta" };
  if (text === "slirp4netns") {
    throw new AtomicError(
      "unsupported",
      `running with --network=${text}: root's containers have bridges, a user's pasta`,
      {
        hint: "atomic run --network=pasta IMAGE",
      },
    );
  }
  if (NETWORK.test(text)) return { kind: "network", name: text };
  throw bad("--network", text, "bridge, none, host, container:NAME, ns:PATH or the name of a network");
}

/** `[IP:][HOST:]CONTAINER[/PROTOCOL]`, an IPv6 address in brackets, ports or ranges of the same length. @throws AtomicError usage */
export function parsePublish(text: string): PortRequest[] {
  const [, address6, address4, host, container = "", protocol = "tcp"] = PUBLISH.exec(text) ?? [];
  const given = address6 ?? address4;
  const address = given === undefined ? undefined : parseIp(given);
  const [inside, outside] = [portRange(container), host === undefined || host === "" ? undefined : portRange(host)];
  const isAddress = given === undefined || address?.version === (address6 === undefined ? 4 : 6);
  const isRange = inside !== undefined && (host === undefined || host === "" || outside?.count === inside.count);
  // Without an address, an empty port of the host is a slip.
  if (!isAddress || !isRange || (given === undefined && host === "")) {
    const expected = "[IPv4:|[IPv6]:][HOST:]CONTAINER[/tcp|/udp], ports or ranges of the same length";
    throw bad("--publish", text, expected);
  }
  return Array.from({ length: inside.count }, (_, index) => ({
    protocol: protocol as PortRequest["protocol"],
    ...(address === undefined ? {} : { hostAddress: formatIp(address) }),
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
