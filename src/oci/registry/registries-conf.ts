/**
 * Which servers a registry name stands for: mirrors, insecure ones, blocked ones, short names.
 * Spec: containers-registries.conf(5), version 2
 */
import { parse } from "smol-toml";
import { AtomicError } from "../../errors.ts";
import { asObject, type JsonObject, listField, optionalText, textsField } from "../json.ts";
import {
  formatRegistryReference,
  parseRegistryReference,
  type RegistryReference,
  type Repository,
} from "../reference.ts";

/** One `[[registry]]`. */
interface RegistryRule {
  prefix: string;
  location: string;
  insecure: boolean;
  blocked: boolean;
  mirrors: { location: string; insecure: boolean; for: "all" | "digest-only" | "tag-only" }[];
}
export interface RegistriesConf {
  rules: RegistryRule[];
  /** Where a name without a host is looked for. */
  searched: string[];
  /** What short names stand for. */
  aliases: ReadonlyMap<string, string>;
}
/** A server, and what the repository is called there. */
export interface Endpoint extends Repository {
  /** Accept plain HTTP and any certificate. */
  insecure: boolean;
}

/** Reads one file's text. @throws AtomicError invalid */
export function parseRegistriesConf(text: string, path: string): RegistriesConf {
  let document: JsonObject;
  try {
    document = parse(text);
  } catch (cause) {
    throw new AtomicError("invalid", `reading ${path}: ${(cause as Error).message.split("\n")[0]}`, { cause });
  }
  if (document["registries"] !== undefined)
    throw new AtomicError("unsupported", `reading ${path}: version 1 of this file, which is no longer used`);
  const rules = listField(document, "registry", path).map((item) => parseRule(asObject(item, path), path));
  const aliases = Object.entries(asObject(document["aliases"] ?? {}, path));
  return {
    rules,
    searched: textsField(document, "unqualified-search-registries", path),
    aliases: new Map(aliases.map(([name, target]) => [name, String(target)])),
  };
}

/** One configuration of several files; a later file's rule for a prefix, alias or search list replaces an earlier one. */
export function joinRegistriesConf(files: readonly RegistriesConf[]): RegistriesConf {
  const rules = new Map(files.flatMap((file) => file.rules.map((rule) => [rule.prefix, rule] as const)));
  return {
    rules: [...rules.values()],
    searched: files.findLast(({ searched }) => searched.length > 0)?.searched ?? [],
    aliases: new Map(files.flatMap(({ aliases }) => [...aliases])),
  };
}

/**
 * The servers to ask for a repository, mirrors first.
 * @throws AtomicError permission when it is blocked
 */
export function endpointsOf(conf: RegistriesConf, reference: RegistryReference): Endpoint[] {
  const name = `${reference.host}/${reference.path}`;
  const rule = conf.rules
    .filter(({ prefix }) => matches(prefix, reference))
    .sort((a, b) => b.prefix.length - a.prefix.length)[0];
  if (rule === undefined) return [{ host: reference.host, path: reference.path, insecure: false }];
  if (rule.blocked) {
    throw new AtomicError("permission", `pulling ${name}: registries.conf blocks ${rule.prefix}`, {
      hint: "grep -rn blocked /etc/containers/registries.conf /etc/containers/registries.conf.d",
    });
  }
  const unwanted = reference.digest === undefined ? "digest-only" : "tag-only";
  const mirrors = rule.mirrors.filter((mirror) => mirror.for !== unwanted);
  return [...mirrors, { location: rule.location, insecure: rule.insecure }].map(({ location, insecure }) => ({
    ...relocated(name, rule.prefix, location),
    insecure,
  }));
}

/**
 * The whole name of an image typed without a transport: with a host it is whole already, an alias is what it stands for,
 * and otherwise there must be exactly one registry to search.
 * @throws AtomicError usage when it is not clear which image is meant
 */
export function wholeName(conf: RegistriesConf, text: string): string {
  const [first = ""] = text.split("/");
  if (text.includes("/") && (/[.:]/.test(first) || first === "localhost")) return text;
  const end = text.slice(text.lastIndexOf("/") + 1).search(/[:@]/);
  const at = end === -1 ? text.length : text.lastIndexOf("/") + 1 + end;
  const alias = conf.aliases.get(text.slice(0, at));
  if (alias !== undefined) return alias + text.slice(at);
  const [registry] = conf.searched;
  if (registry === undefined || conf.searched.length > 1) {
    const why =
      registry === undefined
        ? "no registry to search is configured"
        : `${conf.searched.length} registries could have it`;
    throw new AtomicError("usage", `pulling ${text}: expected a name with its registry: ${why}`, {
      hint: `atomic pull docker://${formatRegistryReference(parseRegistryReference(text))}`,
    });
  }
  return `${registry}/${text}`;
}

function parseRule(item: JsonObject, path: string): RegistryRule {
  const given = optionalText(item, "prefix", path);
  const location = optionalText(item, "location", path) ?? given?.replace(/^\*\./, "");
  if (location === undefined) throw new AtomicError("invalid", `reading ${path}: a registry without a location`);
  return {
    prefix: given ?? location,
    location,
    insecure: item["insecure"] === true,
    blocked: item["blocked"] === true,
    mirrors: listField(item, "mirror", path).map((value) => {
      const mirror = asObject(value, path);
      const own = optionalText(mirror, "location", path);
      if (own === undefined) throw new AtomicError("invalid", `reading ${path}: a mirror without a location`);
      const only = optionalText(mirror, "pull-from-mirror", path);
      const byDigest = item["mirror-by-digest-only"] === true || only === "digest-only";
      return {
        location: own,
        insecure: mirror["insecure"] === true,
        for: byDigest ? "digest-only" : only === "tag-only" ? "tag-only" : "all",
      };
    }),
  };
}

/** True when `prefix` is a host, a path below one, a whole name with tag or digest, or `*.` and a domain. */
function matches(prefix: string, { host, path, tag, digest }: RegistryReference): boolean {
  if (prefix.startsWith("*.")) return host.endsWith(prefix.slice(1));
  const name = `${host}/${path}`;
  return (
    name === prefix || name.startsWith(`${prefix}/`) || prefix === `${name}:${tag}` || prefix === `${name}@${digest}`
  );
}

function relocated(name: string, prefix: string, location: string): Repository {
  const isWhole = prefix.startsWith("*.") || !name.startsWith(prefix);
  const moved = isWhole ? name : location + name.slice(prefix.length);
  const slash = moved.indexOf("/");
  return { host: moved.slice(0, slash), path: moved.slice(slash + 1) };
}
