/** Programs of the host that listen at its ports: a published port would take their visitors. Spec: proc(5) */
import { readFileSync } from "node:fs";
import { formatIp } from "./ip.ts";
import type { Listener } from "./ports.ts";

/** How addresses of IPv4 begin among those of IPv6. */
const MAPPED = Buffer.from("00000000000000000000ffff", "hex");
const LISTENING = { tcp: "0A", udp: "07" } as const;

/** Who listens in this process's network namespace. */
export function readListeners(): Listener[] {
  return (["tcp", "udp"] as const).flatMap((protocol) =>
    ["", "6"].flatMap((version) => parseListeners(protocol, textOf(`/proc/net/${protocol}${version}`))),
  );
}

/** @param table `/proc/net/tcp` or one of its kin */
export function parseListeners(protocol: "tcp" | "udp", table: string): Listener[] {
  return table.split("\n").flatMap((line) => {
    const [, address, port, state] =
      /^ *\d+: ((?:[0-9A-F]{8}){1,4}):([0-9A-F]{4}) [0-9A-F]+:[0-9A-F]{4} ([0-9A-F]{2}) /.exec(line) ?? [];
    if (address === undefined || port === undefined || state !== LISTENING[protocol]) return [];
    const hostPort = Number.parseInt(port, 16);
    // Words of four bytes, each in the order of the machine, which is little-endian on all that we run on.
    const bytes = Buffer.from(address, "hex").swap32();
    if (bytes.length === 16 && bytes.every((byte) => byte === 0)) return [{ protocol, hostPort }]; // IPv4 as well
    const own = bytes.length === 16 && bytes.subarray(0, 12).equals(MAPPED) ? bytes.subarray(12) : bytes;
    const version = own.length === 4 ? 4 : 6;
    return [{ protocol, hostAddress: formatIp({ version, value: BigInt(`0x${own.toString("hex")}`) }), hostPort }];
  });
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return ""; // a kernel without IPv6
    throw error;
  }
}
