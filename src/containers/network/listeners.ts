/** Programs of the host that listen at its ports: a published port would take their visitors. Spec: proc(5) */
import { readFileSync } from "node:fs";
import type { Listener } from "./ports.ts";

const LISTENING = { tcp: "0A", udp: "07" } as const;

/** Who listens in this process's network namespace, at addresses that IPv4 reaches. */
export function readListeners(): Listener[] {
  return (["tcp", "udp"] as const).flatMap((protocol) =>
    ["", "6"].flatMap((version) => parseListeners(protocol, textOf(`/proc/net/${protocol}${version}`))),
  );
}

/** @param table `/proc/net/tcp` or one of its kin */
export function parseListeners(protocol: "tcp" | "udp", table: string): Listener[] {
  return table.split("\n").flatMap((line) => {
    const [, address, port, state] =
      /^ *\d+: ([0-9A-F]+):([0-9A-F]{4}) [0-9A-F]+:[0-9A-F]{4} ([0-9A-F]{2}) /.exec(line) ?? [];
    if (address === undefined || port === undefined || state !== LISTENING[protocol]) return [];
    const hostPort = Number.parseInt(port, 16);
    if (/^0+$/.test(address)) return [{ protocol, hostPort }];
    const v4 = /^(?:0{16}FFFF0000)?([0-9A-F]{8})$/.exec(address)?.[1];
    // Bytes in the order of the machine, which is little-endian on all that we run on.
    return v4 === undefined ? [] : [{ protocol, hostAddress: Buffer.from(v4, "hex").reverse().join("."), hostPort }];
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
