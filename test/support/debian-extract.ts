/** Unpacks Debian packages of any suite into a directory, with all they depend on, without installing them. */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../src/spawn.ts";

const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";
const TIMEOUT_MS = 300_000;

/**
 * Unpacks packages of `suite` into `directory`, which must not exist, from the mirror this machine installs from.
 * @throws AtomicError not-found, child-failed; Error when the machine has no Debian mirror
 */
export function extractDebian(packages: readonly string[], suite: string, directory: string): void {
  const mirror = debianMirror(aptSources());
  if (mirror === undefined) throw new Error("the apt sources of this machine name no Debian mirror");
  const argv = [
    "mmdebstrap",
    "--quiet",
    "--variant=extract",
    '--aptopt=APT::Install-Recommends "false"',
    // A mirror may be a snapshot; the signature is still verified.
    '--aptopt=Acquire::Check-Valid-Until "false"',
    `--include=${packages.join(",")}`,
    suite,
    directory,
    `deb [signed-by=${KEYRING}] ${mirror} ${suite} main`,
  ];
  run(argv, { timeout: TIMEOUT_MS, package: "mmdebstrap" });
}

/**
 * The URI of the first Debian archive (not its security archive) in apt's sources, of either format.
 * @returns undefined when there is none
 */
export function debianMirror(sources: readonly string[]): string | undefined {
  const isArchive = (uri: string) => /^https?:\/\/.*\/debian\/?$/.test(uri);
  const lines = sources.flatMap((text) => text.split("\n"));
  const uris = lines.flatMap((line) => {
    const stanza = /^URIs:\s*(.*)$/i.exec(line)?.[1];
    const oneLine = /^deb\s+(?:\[[^\]]*\]\s+)?(\S+)/.exec(line)?.[1];
    return (stanza ?? oneLine ?? "").split(/\s+/);
  });
  return uris.find(isArchive);
}

function aptSources(): string[] {
  const directory = "/etc/apt/sources.list.d";
  const names = existsSync(directory) ? readdirSync(directory).sort() : [];
  const paths = [
    "/etc/apt/sources.list",
    ...names.filter((name) => /\.(list|sources)$/.test(name)).map((name) => join(directory, name)),
  ];
  return paths.filter((path) => existsSync(path)).map((path) => readFileSync(path, "utf8"));
}
