/** The files of /etc that every container has of its own: names, hosts, name servers. */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RunOptions } from "../configure/run-options.ts";

/**
 * Writes them into `directory`. A container on the host's network sees the host's own.
 * @returns what to mount where
 */
export function writeOwnFiles(
  directory: string,
  { namespaces, hosts }: RunOptions,
  hostname: string,
): { source: string; destination: string }[] {
  const more = hosts.map(({ name, address }) => `${address}\t${name}\n`).join("");
  const write = (name: string, text: string) => {
    const source = join(directory, name);
    writeFileSync(source, text, { mode: 0o644 });
    return { source, destination: `/etc/${name}` };
  };
  if (namespaces.network.kind === "host") {
    const shared = ["/etc/resolv.conf", ...(more === "" ? ["/etc/hosts"] : [])].filter((path) => existsSync(path));
    const files = shared.map((path) => ({ source: path, destination: path }));
    return more === "" ? files : [...files, write("hosts", `127.0.0.1\tlocalhost\n::1\tlocalhost\n${more}`)];
  }
  return [
    write("hosts", `127.0.0.1\tlocalhost ${hostname}\n::1\tlocalhost ${hostname}\n${more}`),
    write("hostname", `${hostname}\n`),
  ];
}
