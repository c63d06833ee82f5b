/** Remotes and who vouches for them. */
import { keyId, type Remote } from "../../ostree/index.ts";
import { printable } from "./printable.ts";
import type { Style } from "./style.ts";
import { table } from "./table.ts";

/** One line for each remote: name, type, URL, keys. */
export function renderRemotes(remotes: readonly Remote[], style: Style): string {
  if (remotes.length === 0) return "no remotes: atomic remote add NAME URL --key FILE";
  const rows = remotes.map((remote) => [
    remote.name,
    remote.type,
    printable(remote.url),
    remote.insecure ? style.yellow("insecure") : describeKeys(remote),
  ]);
  const columns = ["name", "type", "url", "keys"].map((name) => ({ name }));
  return table(columns, rows, style);
}

/** A remote as `--json` shows it. */
export function remoteJson({ keys, ...remote }: Remote): object {
  return { ...remote, keys: keys.map((key) => ({ id: keyId(key), ...key })) };
}

function describeKeys({ keys, keyring }: Remote): string {
  return [...keys.map(describeKey), ...(keyring === undefined ? [] : ["OpenPGP keys"])].join(", ");
}

function describeKey(key: Remote["keys"][number]): string {
  return `${printable(key.name)} (${keyId(key)})`;
}
