/**
 * Certificates for one registry.
 * Spec: containers-certs.d(5)
 */
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { AtomicError } from "../../errors.ts";
import type { TlsOfHost } from "../../http-exchange.ts";
import { readFile } from "../../linux/index.ts";
import { listFiles } from "../list-files.ts";
import type { Environment } from "./host-files.ts";

/** What one registry needs of TLS beyond what all do. */
export type Certificates = Omit<TlsOfHost, "host">;

const MAX_FILE = 1024 * 1024;
const PLACES = ["/etc/containers/certs.d", "/etc/docker/certs.d"];

/**
 * What the first directory says that is there for a registry; undefined when there is none.
 * @param host `HOST[:PORT]`, as the registry is named
 * @throws AtomicError invalid when a certificate has no key, or a key no certificate, or there are several
 */
export function readCertificates(host: string, env: Environment = process.env): Certificates | undefined {
  const home = env["HOME"];
  const own = home === undefined || home === "" ? [] : [join(home, ".config/containers/certs.d")];
  const directory = [...own, ...PLACES].map((place) => join(place, host)).find((each) => existsSync(each));
  if (directory === undefined) return undefined;
  const read = (path: string) => readFile(path, MAX_FILE, { follow: true }).toString("utf8");
  const named = (ending: string) => listFiles(directory, ending).map((path) => basename(path, ending));
  const [certificates, keys] = [named(".cert"), named(".key")];
  const lone = [
    ...certificates.filter((name) => !keys.includes(name)),
    ...keys.filter((name) => !certificates.includes(name)),
  ];
  if (lone.length > 0 || certificates.length > 1) {
    const why =
      lone.length > 0 ? `expected both ${lone[0]}.cert and ${lone[0]}.key` : "expected one certificate of ours";
    throw new AtomicError("invalid", `reading ${directory}: ${why}`, { hint: `ls -l ${directory}` });
  }
  const [name] = certificates;
  return {
    authorities: listFiles(directory, ".crt").map(read),
    ...(name === undefined
      ? {}
      : { client: { certificate: read(join(directory, `${name}.cert`)), key: read(join(directory, `${name}.key`)) } }),
  };
}
