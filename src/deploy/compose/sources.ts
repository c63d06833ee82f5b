/**
 * Which Debian archives a compose takes its packages from.
 *
 * Addresses are never written down here: they come from the compose file, the command line or this machine's own apt
 * sources, sources.list(5) in both of its forms.
 */
import { readdirSync, readFileSync } from "node:fs";
import { AtomicError } from "../../errors.ts";
import type { DebianBase } from "./file.ts";

/** One archive apt is set up to read. */
export interface AptSource {
  uri: string;
  suites: readonly string[];
  components: readonly string[];
}

/** Reads one-line-style sources (`deb [options] URI SUITE COMPONENT…`); what is not `deb` is left out. */
export function parseSourcesList(text: string): AptSource[] {
  return text.split("\n").flatMap((line) => {
    const match = /^\s*deb\s+(?:\[[^\]]*\]\s*)?(\S+)\s+(\S+)((?:\s+[^\s#]+)*)/.exec(line);
    if (match === null) return [];
    const [, uri = "", suite = "", components = ""] = match;
    return [{ uri: trimSlash(uri), suites: [suite], components: words(components) }];
  });
}

/** Reads deb822-style sources; disabled stanzas and those without `deb` in Types are left out. */
export function parseDeb822Sources(text: string): AptSource[] {
  const stanzas = text.replace(/^#.*\n?/gm, "").split(/\n\s*\n/);
  return stanzas.flatMap((stanza) => {
    const fields = new Map<string, string>();
    for (const [, name = "", value = ""] of stanza.matchAll(/^([A-Za-z][A-Za-z-]*):((?:.*)(?:\n[ \t].*)*)/gm)) {
      fields.set(name.toLowerCase(), value);
    }
    if (/^\s*(no|false|off|0)\s*$/i.test(fields.get("enabled") ?? "")) return [];
    if (!words(fields.get("types")).includes("deb")) return [];
    const suites = words(fields.get("suites"));
    const components = words(fields.get("components"));
    return words(fields.get("uris")).map((uri) => ({ uri: trimSlash(uri), suites, components }));
  });
}

/** The apt sources set up on this machine, in apt's order. */
export function machineAptSources(directory = "/etc/apt"): AptSource[] {
  const sources = parseSourcesList(readIfThere(`${directory}/sources.list`));
  for (const name of listIfThere(`${directory}/sources.list.d`)) {
    const text = (): string => readIfThere(`${directory}/sources.list.d/${name}`);
    if (name.endsWith(".list")) sources.push(...parseSourcesList(text()));
    if (name.endsWith(".sources")) sources.push(...parseDeb822Sources(text()));
  }
  return sources;
}

/**
 * The `deb` lines for a base: the release suite alone, or with it the point-release updates and the security suite.
 *
 * A machine of another Debian release serves as well: a mirror holds all releases at one address.
 * @throws AtomicError not-found when no mirror is given and the apt sources name none
 */
export function debianSources(base: DebianBase, machine: readonly AptSource[]): string[] {
  const main = base.mirror ?? machine.find((source) => isArchive(source, /^[a-z]+(-updates)?$/))?.uri;
  if (main === undefined) {
    throw new AtomicError(
      "not-found",
      `looking for a mirror of ${base.suite}: this machine's apt sources name no Debian archive`,
      {
        hint: "atomic compose FILE.yaml --set debian.mirror=URL",
      },
    );
  }
  const line = (uri: string, suite: string): string =>
    `deb [signed-by=${base.keyring}] ${uri} ${suite} ${base.components.join(" ")}`;
  const lines = [line(trimSlash(main), base.suite)];
  if (base.updates)
    lines.push(
      line(trimSlash(main), `${base.suite}-updates`),
      line(securityArchive(base, main, machine), `${base.suite}-security`),
    );
  return lines;
}

/** A mirror given by hand is followed to its sibling; the machine's own sources may keep security elsewhere. */
function securityArchive(base: DebianBase, main: string, machine: readonly AptSource[]): string {
  if (base.securityMirror !== undefined) return trimSlash(base.securityMirror);
  const known =
    base.mirror === undefined ? machine.find((source) => isArchive(source, /^[a-z]+-security$/)) : undefined;
  return known?.uri ?? `${trimSlash(main)}-security`;
}

/** Third-party archives use names of their own; Debian's all have the component main, a code name as suite, and
 * debian in the last part of the address. */
function isArchive(source: AptSource, suite: RegExp): boolean {
  return (
    source.components.includes("main") &&
    source.suites.some((name) => suite.test(name)) &&
    /\/[^/]*debian[^/]*$/.test(source.uri)
  );
}

function words(text: string | undefined): string[] {
  return (text ?? "").split(/\s+/).filter((word) => word !== "");
}

function trimSlash(uri: string): string {
  return uri.replace(/\/+$/, "");
}

function readIfThere(path: string): string {
  return ifThere(() => readFileSync(path, "utf8"), "");
}

function listIfThere(path: string): string[] {
  return ifThere(() => readdirSync(path).sort(), []);
}

function ifThere<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return otherwise;
  }
}
